/**
 * What was recorded or dropped stays until the server has it, in a real browser against the whole server: through a killed tab,
 * without a network, through pauses and refusals, with a second tab open; and the person sees where it is and why.
 */
import type { Page, Request } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { JFK_WAV } from "./holdfast.ts";
import { inspect, Stage } from "./stage.ts";

const SPEECH = /country|americans|ask/i;
const DONE_WITHIN_MS = 90_000;
const NETWORK_FAULTS = /ERR_|Failed to load resource|WebSocket/;

/** How often the page wished for a screen that stays on, and for storage that is kept. */
const COUNT_WISHES = `
  globalThis.wishes = { awake: 0, kept: 0 };
  const count = (of, name, wish) => {
    const ask = of[name].bind(of);
    of[name] = (...values) => ((wishes[wish] += 1), ask(...values));
  };
  if (navigator.wakeLock) count(navigator.wakeLock, "request", "awake");
  if (navigator.storage) count(navigator.storage, "persist", "kept");
`;

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.open({ wav: JFK_WAV });
});

afterAll(async () => {
  await stage?.[Symbol.asyncDispose]();
});

const card = (page: Page) => page.getByTestId("sync-status-card");
const rows = (page: Page) => page.getByTestId("recording");

async function cardIs(page: Page, state: string, timeout = 15_000): Promise<void> {
  await expect.poll(() => card(page).getAttribute("data-state"), { timeout, interval: 100 }).toBe(state);
}

/** Waits until the recordings are open in this page. */
async function openRecordings(page: Page): Promise<void> {
  await page.getByTestId("sync-sign").click();
  await card(page).waitFor();
}

async function dropFile(page: Page): Promise<void> {
  await page.getByRole("link", { name: "Holdfast" }).click();
  await page.setInputFiles("section[aria-label=Record] input[type=file]", JFK_WAV);
  await page.getByTestId("upload").first().waitFor();
}

async function onlyHereSeconds(page: Page): Promise<number> {
  const text = await page.getByTestId("safety").textContent();
  return Number(/Only here:\s*(\d+)/.exec(text ?? "")?.[1] ?? Number.NaN);
}

function uploadsOf(page: Page): Request[] {
  const uploads: Request[] = [];
  page.on("request", (request) => {
    const { pathname } = new URL(request.url());
    if (request.method() === "POST" && /^\/v1\/uploads$|^\/v2\/(sync-local-files|uploads)/.test(pathname)) {
      uploads.push(request);
    }
  });
  return uploads;
}

/** The page of what is left afterwards, with a network again. */
async function killed(page: Page): Promise<Page> {
  const context = page.context();
  const crashed = page.waitForEvent("crash");
  page.goto("chrome://crash").catch(() => undefined);
  await crashed;
  await page.close();
  await context.setOffline(false);
  const again = await context.newPage();
  await again.goto(stage.holdfast.origin);
  return again;
}

async function reloaded(page: Page): Promise<Page> {
  page.on("dialog", (dialog) => void dialog.accept());
  await page.context().setOffline(false);
  await page.reload();
  return page;
}

interface Listed {
  readonly id: string;
  readonly status: string;
  readonly transcript_segments: readonly { readonly text: string; readonly start: number; readonly end: number }[];
}

async function conversations(page: Page): Promise<Listed[]> {
  const answer = await page.request.get(`${stage.holdfast.origin}/v1/conversations?include_discarded=true`, {
    headers: { authorization: `Bearer ${stage.holdfast.token}` },
  });
  return (await answer.json()) as Listed[];
}

async function simulatePause(page: Page, reason: string, seconds: number): Promise<void> {
  await page.getByRole("link", { name: "Settings" }).click();
  await page.getByRole("link", { name: "Developer" }).click();
  await page.getByLabel("Reason").selectOption(reason);
  await page.getByLabel("Seconds").fill(String(seconds));
  await page.getByRole("button", { name: "Pause uploads" }).click();
  await page.getByText(/^Paused: /).waitFor();
}

describe("a recording", () => {
  it("begins without a network, says that it is kept, and goes up when the network is back", async () => {
    await using watched = await stage.signedIn({ before: COUNT_WISHES });
    watched.expectFaults(NETWORK_FAULTS);
    const { page } = watched;
    await openRecordings(page);
    await page.getByRole("link", { name: "Holdfast" }).click();
    const uploads = uploadsOf(page);
    await page.context().setOffline(true);
    await page.getByRole("button", { name: "Record", exact: true }).click();
    await page.getByText("the sound is kept here and sent as soon as it is back").waitFor();
    await expect.poll(() => onlyHereSeconds(page), { timeout: 20_000 }).toBeGreaterThan(8);
    expect(await page.evaluate("wishes")).toEqual({ awake: 1, kept: 1 });
    await inspect(page, "recording-offline");
    await page.getByRole("button", { name: "Stop recording" }).click();
    await page.getByText("The recording is kept on this device").waitFor();
    await inspect(page, "recording-kept");

    await page.getByRole("link", { name: "See where it is" }).click();
    await cardIs(page, "waiting_internet");
    await rows(page).getByText("There is no internet connection. It goes when the connection is back.").waitFor();
    await inspect(page, "sync-offline");
    expect(uploads).toEqual([]);

    await page.context().setOffline(false);
    await cardIs(page, "all_synced", DONE_WITHIN_MS);
    await page.getByTestId("conversations-created").getByRole("link", { name: "Open it" }).click();
    await expect
      .poll(() => page.getByRole("list", { name: "Transcript" }).textContent(), { timeout: DONE_WITHIN_MS })
      .toMatch(SPEECH);
  });

  it.each([
    ["a tab that is killed", killed],
    ["a page that is reloaded", reloaded],
  ])("in %s goes up by itself, and everything is one conversation", async (_what, leave) => {
    await using watched = await stage.signedIn();
    const { page } = watched;
    const before = new Set((await conversations(page)).map(({ id }) => id));
    await page.getByRole("button", { name: "Record", exact: true }).click();
    await page.getByTestId("live-segment").filter({ hasText: SPEECH }).first().waitFor({ timeout: DONE_WITHIN_MS });
    // From here on only this device has it.
    watched.expectFaults(NETWORK_FAULTS);
    await page.context().setOffline(true);
    await expect.poll(() => onlyHereSeconds(page), { timeout: 20_000 }).toBeGreaterThan(4);
    const again = await leave(page);
    await openRecordings(again);
    await cardIs(again, "all_synced", DONE_WITHIN_MS);
    await again.getByRole("button", { name: "All", exact: true }).click();
    await rows(again).first().waitFor();
    const states = await rows(again).evaluateAll((all) => all.map((row) => row.getAttribute("data-state")));
    expect(new Set(states)).toEqual(new Set(["synced"]));

    const made = async () => (await conversations(again)).filter(({ id }) => !before.has(id));
    // What came live just before the end is repaired; what came live and what came later lie one after the other.
    const ends = async () => (await made()).flatMap((each) => each.transcript_segments.map(({ end }) => end));
    await expect.poll(async () => Math.max(...(await ends())), { timeout: DONE_WITHIN_MS }).toBeGreaterThan(5);
    const [only, ...others] = await made();
    expect(others).toEqual([]);
    expect(only?.transcript_segments.map(({ text }) => text).join(" ")).toMatch(SPEECH);
  });

  it("is refused where it could not be kept", async () => {
    const before = "navigator.storage.estimate = () => Promise.resolve({ usage: 0, quota: 100_000_000 })";
    await using watched = await stage.signedIn({ before });
    const { page } = watched;
    await page.getByRole("button", { name: "Record", exact: true }).click();
    await page.getByRole("alert").getByText("There is no room to record").waitFor();
  });
});

describe.each([
  ["backend_busy", "limited_busy", "Paused: the server is busy"],
  ["fair_use", "limited_fair_use", "Paused: your upload limit is reached"],
] as const)("a pause because of %s", (reason, state, title) => {
  it("has its card, costs no upload, and ends by itself", async () => {
    await using watched = await stage.signedIn();
    const { page } = watched;
    const uploads = uploadsOf(page);
    await openRecordings(page);
    await simulatePause(page, reason, 7);
    const began = Date.now();
    await dropFile(page);
    await openRecordings(page);
    await cardIs(page, state);
    await card(page).getByText(title).waitFor();
    await card(page)
      .getByText(/It goes on by itself at \d/)
      .waitFor();
    expect(await card(page).getByRole("button").count()).toBe(0);
    expect(await card(page).getByLabel("In work").count()).toBe(0);
    await rows(page)
      .getByText(/It goes when the pause is over, at/)
      .waitFor();
    await inspect(page, `sync-${state}`);
    expect(uploads).toEqual([]);
    await expect.poll(() => uploads.length, { timeout: 15_000, interval: 100 }).toBe(1);
    expect(Date.now() - began).toBeGreaterThan(5_500);
  });
});

describe("an answer of the server", () => {
  it.each([
    [429, { "retry-after": "600", "x-omi-rate-limit-reason": "fair_use" }, "limited_fair_use"],
    [429, { "retry-after": "600" }, "limited_busy"],
    [503, { "retry-after": "600", "x-omi-rate-limit-reason": "backend_busy" }, "limited_busy"],
  ])("%i with %j pauses the account once", async (status, headers, state) => {
    await using watched = await stage.signedIn();
    watched.expectFaults(/429|503/);
    const { page } = watched;
    const uploads = uploadsOf(page);
    await page.route("**/v1/uploads*", (route) => route.fulfill({ status, headers, json: { detail: "wait" } }));
    // Who asks on purpose is told again (the page asks for the status before it believes an old limit).
    await page.route("**/v1/fair-use/status", (route) => route.fulfill({ json: { stage: "restrict" } }));
    await dropFile(page);
    await openRecordings(page);
    await cardIs(page, state);
    // Asking for more in the pause changes nothing and asks nobody.
    await dropFile(page);
    await openRecordings(page);
    await cardIs(page, state);
    expect(uploads).toHaveLength(1);
  });

  it("that is a fault is said, kept over a reload, and mended by pressing Sync", async () => {
    await using watched = await stage.signedIn();
    watched.expectFaults(/500/);
    const { page } = watched;
    await page.route("**/v1/uploads*", (route) => route.fulfill({ status: 500, json: {} }));
    await dropFile(page);
    await page.getByTestId("upload").getByText("The server has a fault (500)").waitFor();
    await page.reload();
    await page.getByTestId("upload").getByText("jfk.wav").waitFor();
    await openRecordings(page);
    await cardIs(page, "ready");
    await card(page).getByText("The last try did not work. The server has a fault (500).").waitFor();
    await inspect(page, "sync-ready");
    await page.unroute("**/v1/uploads*");
    await card(page).getByRole("button", { name: "Sync" }).click();
    await cardIs(page, "all_synced", DONE_WITHIN_MS);
  });
});

describe("the recordings", () => {
  it("are deleted only after asking, with stronger words where sound would be lost", async () => {
    await using watched = await stage.signedIn({ viewport: { width: 390, height: 844 }, hasTouch: true });
    watched.expectFaults(/500/);
    const { page } = watched;
    await page.route("**/v1/uploads*", (route) => route.fulfill({ status: 500, json: {} }));
    await dropFile(page);
    await openRecordings(page);
    expect(await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)).toBeLessThanOrEqual(0);
    await inspect(page, "sync-phone");
    await rows(page)
      .getByRole("button", { name: /^Delete the recording of/ })
      .click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText("Delete sound that no conversation has?").waitFor();
    await inspect(page, "sync-delete-phone");
    await dialog.getByRole("button", { name: "Keep it" }).click();
    await dialog.waitFor({ state: "hidden" });
    expect(await rows(page).count()).toBe(1);
    await rows(page)
      .getByRole("button", { name: /^Delete the recording of/ })
      .click();
    await dialog.getByRole("button", { name: "Delete it for good" }).click();
    await rows(page).waitFor({ state: "detached" });
    await cardIs(page, "all_synced");
  });

  it("are in one tab at a time, and the other takes over when it closes", async () => {
    await using watched = await stage.signedIn();
    const { page } = watched;
    await openRecordings(page);
    const second = await page.context().newPage();
    await second.goto(stage.holdfast.origin);
    await second.getByText("Another tab has the recordings").waitFor();
    await inspect(second, "second-tab");
    await second.getByTestId("conversation").first().waitFor();
    await second.getByRole("button", { name: "Record", exact: true }).click();
    await second.getByRole("alert").getByText("Another tab has the recordings").waitFor();
    await second.getByRole("button", { name: "Close this message" }).click();
    await page.close();
    await second.getByText("Another tab has the recordings").waitFor({ state: "detached" });
    await openRecordings(second);
    await cardIs(second, "all_synced");
  });
});

describe("a browser without synchronous files", () => {
  it("keeps recordings in a database instead", async () => {
    await using watched = await stage.signedIn();
    watched.expectFaults(/500/);
    const { page } = watched;
    await page.route("**/v1/uploads*", (route) => route.fulfill({ status: 500, json: {} }));
    await page.route("**/opfs-worker-*.js", async (route) => {
      const response = await route.fetch();
      const body = `delete FileSystemFileHandle.prototype.createSyncAccessHandle;${await response.text()}`;
      await route.fulfill({ response, body });
    });
    await page.reload();
    await dropFile(page);
    await page.getByTestId("upload").getByText("The server has a fault (500)").waitFor();
    await page.reload();
    await page.getByTestId("upload").getByText("jfk.wav").waitFor();
    const databases = await page.evaluate(async () => (await indexedDB.databases()).map(({ name }) => name));
    expect(databases).toContain("recordings");
  });
});

describe("a long list", () => {
  it("draws what is on the screen, and reaches its end", async () => {
    await using watched = await stage.signedIn();
    watched.expectFaults(NETWORK_FAULTS);
    const { page } = watched;
    await openRecordings(page);
    await page.context().setOffline(true);
    await page.getByRole("link", { name: "Holdfast" }).click();
    // A minute apart, each one frame of 20 ms, and no two alike.
    const frame = (i: number): Buffer => Buffer.concat([Buffer.from([80, 0, 0, 0, 0xb8]), Buffer.alloc(79, i)]);
    const newest = Math.floor(Date.now() / 1_000);
    const names = Array.from({ length: 150 }, (_, i) => `audio_omi_opus_fs320_16000_1_fs320_${newest - i * 60}.bin`);
    await page.setInputFiles(
      "section[aria-label=Record] input[type=file]",
      names.map((name, i) => ({ name, mimeType: "application/octet-stream", buffer: frame(i) })),
    );
    await page.getByTestId("sync-sign").click();
    await page.getByRole("heading", { name: "150 recordings" }).waitFor();
    const drawn = await rows(page).count();
    expect(drawn).toBeGreaterThan(3);
    expect(drawn).toBeLessThan(40);
    await page.evaluate(() => window.scrollTo(0, document.body.scrollHeight));
    const oldest = page.locator("li[aria-posinset]").filter({ hasText: names.at(-1) ?? "" });
    await oldest.waitFor();
    expect(await oldest.getAttribute("aria-posinset")).toBe(await oldest.getAttribute("aria-setsize"));
    expect(await rows(page).count()).toBeLessThan(40);
    await inspect(page, "sync-long-list");
  });
});

describe("for developers", () => {
  it("there is a log to share and to clear, and the facts", async () => {
    await using watched = await stage.signedIn({ colorScheme: "dark" });
    watched.expectFaults(/foreign request: blob:/);
    const { page } = watched;
    await page.getByRole("link", { name: "Settings" }).click();
    await page.getByLabel("Remove copies from this device").selectOption("7");
    await inspect(page, "settings-dark");
    await page.getByRole("link", { name: "Developer" }).click();
    await page.getByLabel("Write down what syncing does").check();
    await page.getByText("Ready", { exact: true }).waitFor();
    await page.getByLabel("Seconds").fill("1");
    await page.getByRole("button", { name: "Pause uploads" }).click();
    await page.getByText(/^Paused: /).waitFor();
    await inspect(page, "developer-dark");
    const download = page.waitForEvent("download");
    await page.getByRole("button", { name: "Share" }).click();
    const stream = await (await download).createReadStream();
    const lines = (await stream.setEncoding("utf8").toArray()).join("").trim().split("\n");
    expect(lines.map((line) => JSON.parse(line).type)).toContain("cooldown_started");
    await page.getByRole("button", { name: "Clear" }).click();
    await page.getByText("The log is empty.").waitFor();
    await page.getByTestId("sync-sign").click();
    await page.getByText("On this device").click();
    expect(await page.getByLabel("Remove copies from this device").inputValue()).toBe("7");
    await inspect(page, "sync-dark");
  });
});
