/**
 * What can be done with one conversation, in a real browser against the whole server with real speech and a scripted language
 * model: its sound is heard in step with its words, its tasks and memories are put right, it is written up again and shared.
 */
import { readFile, stat } from "node:fs/promises";
import { followConversation, followJob, HoldfastApi, systemClock, systemRandom } from "@holdfast/client";
import { recordingName, writeFrames } from "@holdfast/contract";
import { type ScriptedLlm, startScriptedLlm } from "@holdfast/testkit/llm";
import type { Locator, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { JFK_WAV } from "./holdfast.ts";
import { inspect, type PageOptions, Stage, type WatchedPage } from "./stage.ts";

const DONE_WITHIN_MS = 90_000;
/** More than what is filled with silence inside a part, less than what parts conversations. */
const GAP_S = 100;
const SPEECH_S = 11;
/** 20 ms of its samples: 16 bits at 16 kHz. */
const FRAME_BYTES = 640;
const WAV_HEADER_BYTES = 44;

const SUMMARY = {
  ...{ title: "A speech", overview: "What one can do for one's country.", category: "politics", discard: false },
  action_items: [{ description: "Ask what I can do" }, { description: "Write to Anna" }],
  memories: [
    { content: "Values service to the country", category: "interesting" },
    { content: "Knows somebody called Anna", category: "system" },
  ],
};

/** The sounds of a page are not in its document. */
const REMEMBER_SOUNDS = `
  globalThis.sounds = [];
  globalThis.Audio = class extends Audio { constructor() { super(); sounds.push(this); } };
`;

let stage: Stage;
let llm: ScriptedLlm;
let api: HoldfastApi;
/** Two stretches of speech with a gap between them; its sound is kept. */
let heard: string;
/** Its sound is not kept. */
let silent: string;

beforeAll(async () => {
  llm = await startScriptedLlm();
  llm.script({ kind: "json", answer: { ...SUMMARY, title: "Another speech", action_items: [], memories: [] } });
  stage = await Stage.open("denied", { HOLDFAST_LLM_URL: llm.url, HOLDFAST_LLM_KEY: "key" });
  const hourMs = 3_600_000;
  const beginMs = Math.floor(Date.now() / 1000) * 1000;
  const { origin: server, token } = stage.holdfast;
  api = new HoldfastApi({ server, token, fetch, clock: systemClock });
  silent = await recorded([beginMs - 5 * hourMs]);
  const headers = { authorization: `Bearer ${token}` };
  await fetch(`${server}/v1/users/private-cloud-sync?value=true`, { method: "POST", headers });
  llm.script({ kind: "json", answer: SUMMARY });
  heard = await recorded([beginMs - hourMs, beginMs - hourMs + (SPEECH_S + GAP_S) * 1000]);
});

afterAll(async () => {
  await stage?.[Symbol.asyncDispose]();
  await llm?.[Symbol.asyncDispose]();
});

/** Uploads the speech as recorded at these times, and waits until it is one finished conversation. */
async function recorded(timesMs: readonly number[]): Promise<string> {
  const samples = (await readFile(JFK_WAV)).subarray(WAV_HEADER_BYTES);
  const frames = Array.from({ length: Math.floor(samples.length / FRAME_BYTES) }, (_, i) =>
    samples.subarray(i * FRAME_BYTES, (i + 1) * FRAME_BYTES),
  );
  const content = new Blob([Buffer.from(writeFrames(frames))]);
  const format = { device: "test", codec: "pcm16", sampleRate: 16_000, frameSamples: FRAME_BYTES / 2 } as const;
  const files = timesMs.map((startedAtMs) => ({ name: recordingName({ ...format, startedAtMs }), content }));
  const waiting = { clock: systemClock, random: systemRandom, deadlineMs: Date.now() + DONE_WITHIN_MS };
  const job = await followJob(api, await api.uploadRecordings(files), waiting);
  const [id, ...more] = job.result?.new_memories ?? [];
  if (id === undefined || more.length > 0) throw new Error(`not one conversation: ${JSON.stringify(job)}`);
  const { status } = await followConversation(api, id, waiting);
  if (status !== "completed") throw new Error(`the conversation is ${status}`);
  return id;
}

async function open(id: string, options: PageOptions = {}): Promise<WatchedPage> {
  const watched = await stage.signedIn({ before: REMEMBER_SOUNDS, ...options });
  await watched.page.goto(`${stage.holdfast.origin}/conversations/${id}`);
  await watched.page.getByRole("heading", { name: "Transcript" }).waitFor();
  return watched;
}

interface Sound {
  readonly at: number;
  readonly isPlaying: boolean;
  readonly rate: number;
}

/** What the browser plays. */
async function sound(page: Page): Promise<Sound> {
  return await page.evaluate(() => {
    const [first] = (globalThis as unknown as { sounds: HTMLAudioElement[] }).sounds.filter(({ src }) => src !== "");
    if (first === undefined) return { at: -1, isPlaying: false, rate: 0 };
    return { at: first.currentTime, isPlaying: !first.paused, rate: first.playbackRate };
  });
}

const player = (page: Page): Locator => page.getByTestId("player");
const times = (page: Page): Locator => page.getByRole("button", { name: /^Play from / });
const spoken = (page: Page): Locator => page.locator("[aria-current=time]");

async function phaseIs(page: Page, phase: string): Promise<void> {
  await expect.poll(() => player(page).getAttribute("data-state"), { timeout: DONE_WITHIN_MS }).toBe(phase);
}

describe("the sound of a conversation", () => {
  it("is said not to be there where it was not kept", async () => {
    await using watched = await open(silent);
    const { page } = watched;
    await page.getByText("The sound of this conversation was not kept.").waitFor();
    expect([await player(page).count(), await times(page).count()]).toEqual([0, 0]);
    await page.getByRole("button", { name: "Save as a file" }).click();
    await page.getByRole("menuitem", { name: "Markdown" }).waitFor();
    expect(await page.getByRole("menuitem", { name: "Sound (WAV)" }).count()).toBe(0);
  });

  it("plays from the time that is pressed, over the gap, and marks what is spoken", async () => {
    await using watched = await open(heard);
    const { page } = watched;
    await player(page).waitFor({ timeout: DONE_WITHIN_MS });
    expect(await spoken(page).count()).toBe(0);
    await times(page).first().click();
    await phaseIs(page, "playing");
    await expect.poll(() => spoken(page).textContent()).toMatch(/fellow americans|ask not/i);
    // The first words of the second stretch: they lie behind the gap in the transcript, and right behind the seam in the sound.
    const later = page
      .getByRole("listitem")
      .filter({ has: page.getByRole("button", { name: /^Play from 1:\d\d$/ }) })
      .first();
    const [minutes = 0, seconds = 0] = ((await later.getByRole("button").first().textContent()) ?? "")
      .split(":")
      .map(Number);
    const place = minutes * 60 + seconds;
    expect(place).toBeGreaterThanOrEqual(SPEECH_S + GAP_S - 3);
    await later.getByRole("button").first().click();
    await expect.poll(async () => (await sound(page)).at).toBeGreaterThanOrEqual(place - GAP_S - 2);
    const { at, isPlaying } = await sound(page);
    expect(isPlaying).toBe(true);
    expect(at).toBeLessThan(place - GAP_S + 4);
    await expect.poll(async () => await later.getAttribute("aria-current")).toBe("time");
    expect(await spoken(page).count()).toBe(1);
    await inspect(page, "sound-playing");
    await page.getByRole("link", { name: "All conversations" }).click();
    await page.getByTestId("conversation").first().waitFor();
    expect((await sound(page)).isPlaying).toBe(false);
  });

  it("is paused, moved and sped up with the keyboard alone", async () => {
    await using watched = await open(heard);
    const { page } = watched;
    await page.getByRole("button", { name: "Play", exact: true }).press("Enter");
    await phaseIs(page, "playing");
    await page.getByRole("button", { name: "Pause" }).press("Space");
    await phaseIs(page, "paused");
    const position = page.getByRole("slider", { name: "Position" });
    await position.press("Home");
    await position.press("ArrowRight");
    await position.press("ArrowRight");
    await expect.poll(async () => (await sound(page)).at).toBeCloseTo(2, 1);
    expect(await position.getAttribute("aria-valuetext")).toBe("0:02 of 0:22");
    await page.getByRole("button", { name: "Forward 10 seconds" }).press("Enter");
    await expect.poll(async () => (await sound(page)).at).toBeCloseTo(12, 1);
    await page.getByRole("button", { name: "Back 10 seconds" }).press("Enter");
    await expect.poll(async () => (await sound(page)).at).toBeCloseTo(2, 1);
    await page.getByRole("combobox", { name: "Speed" }).selectOption("1.5×");
    await page.getByRole("button", { name: "Play", exact: true }).press("Enter");
    await phaseIs(page, "playing");
    expect((await sound(page)).rate).toBe(1.5);
  });

  it("keeps what is spoken in sight, and leaves the page where a reader scrolled to", async () => {
    await using watched = await open(heard, { viewport: { width: 390, height: 420 } });
    const { page } = watched;
    const isInSight = async (): Promise<boolean> =>
      await spoken(page).evaluate((each) => {
        const { top } = each.getBoundingClientRect();
        return top >= 0 && top < window.innerHeight;
      });
    const position = page.getByRole("slider", { name: "Position" });
    await page.getByRole("button", { name: "Play", exact: true }).press("Enter");
    await phaseIs(page, "playing");
    await expect.poll(() => spoken(page).count()).toBe(1);
    await expect.poll(isInSight).toBe(true);
    // To words further down: they are brought into sight, since somebody asked to hear them; and back again.
    for (const [second, from] of [
      ["15", /^Play from 1:/],
      ["0", "Play from 0:00"],
    ] as const) {
      await position.fill(second);
      await expect.poll(() => spoken(page).getByRole("button", { name: from }).count()).toBe(1);
      await expect.poll(isInSight).toBe(true);
    }
    // Then the sound goes on by itself while somebody reads elsewhere.
    const before = await spoken(page).textContent();
    await page.mouse.move(200, 200);
    await page.mouse.wheel(0, -5_000);
    await expect.poll(() => page.evaluate(() => window.scrollY)).toBe(0);
    await page.evaluate(() =>
      (globalThis as unknown as { sounds: HTMLAudioElement[] }).sounds.map((each) => (each.playbackRate = 4)),
    );
    await expect.poll(() => spoken(page).textContent(), { timeout: 30_000 }).not.toBe(before);
    expect(await page.evaluate(() => window.scrollY)).toBe(0);
  });

  it("that cannot be had says so, and is had with the next press", async () => {
    await using watched = await open(heard);
    watched.expectFaults(/403|404/);
    const { page } = watched;
    await page.route("**/signed-audio/**", (route) => route.fulfill({ status: 403, json: {} }));
    await page.getByRole("button", { name: "Play", exact: true }).click();
    await page.getByRole("alert").getByText("The sound can't be played just now.").waitFor();
    await inspect(page, "sound-failed");
    await page.unroute("**/signed-audio/**");
    await page.getByRole("button", { name: "Play", exact: true }).click();
    await phaseIs(page, "playing");
    expect(await page.getByRole("alert").count()).toBe(0);
  });

  it("is saved as a file", async () => {
    await using watched = await open(heard);
    const { page } = watched;
    await page.getByRole("button", { name: "Save as a file" }).press("Enter");
    const saved = page.waitForEvent("download");
    await page.getByRole("menuitem", { name: "Sound (WAV)" }).press("Enter");
    const file = await saved;
    expect(file.suggestedFilename()).toMatch(/\.wav$/);
    const { size } = await stat(await file.path());
    expect(Math.abs(size / 32_000 - 2 * SPEECH_S)).toBeLessThan(0.5);
  });
});

describe("what there is to do", () => {
  it("is ticked with the keyboard, stays ticked, and says where that fails", async () => {
    await using watched = await open(heard);
    watched.expectFaults(/500/);
    const { page } = watched;
    const task = page.getByRole("checkbox", { name: "Write to Anna" });
    await page.route("**/action-items", (route) => route.fulfill({ status: 500, json: {} }));
    await task.press("Space");
    await page.getByRole("alert").getByText("It could not be saved just now.").waitFor();
    expect(await task.isChecked()).toBe(false);
    await page.unroute("**/action-items");
    const saved = page.waitForResponse((response) => response.url().endsWith("/action-items"));
    await task.press("Space");
    expect((await saved).status()).toBe(200);
    await page.reload();
    await task.waitFor();
    expect(await task.isChecked()).toBe(true);
    expect(await page.getByRole("checkbox", { name: "Ask what I can do" }).isChecked()).toBe(false);
  });
});

describe("a memory", () => {
  it("is shown with its conversation, put right, and stays so", async () => {
    await using watched = await open(heard);
    const { page } = watched;
    const memories = page.getByRole("region", { name: "Memories" });
    await memories.getByRole("button", { name: "Edit “Values service to the country”" }).press("Enter");
    await memories.getByLabel("Memory", { exact: true }).fill("Values service");
    await inspect(page, "memory-edit");
    await memories.getByRole("button", { name: "Save" }).press("Enter");
    await memories.getByText("Values service", { exact: true }).waitFor();
    await expect
      .poll(() => page.evaluate(() => document.activeElement?.getAttribute("aria-label")))
      .toBe("Edit “Values service”");
    await page.reload();
    await memories.getByText("Values service", { exact: true }).waitFor();
  });

  it("is deleted only after asking, and says where that fails", async () => {
    await using watched = await open(heard);
    watched.expectFaults(/500/);
    const { page } = watched;
    await page.getByRole("button", { name: "Delete “Knows somebody called Anna”" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText("Delete this memory?").waitFor();
    await inspect(page, "memory-delete");
    await page.route("**/v3/memories/*", (route) => route.fulfill({ status: 500, json: {} }));
    await dialog.getByRole("button", { name: "Delete" }).click();
    await dialog.getByRole("alert").waitFor();
    await page.unroute("**/v3/memories/*");
    await dialog.getByRole("button", { name: "Delete" }).click();
    await page.getByTestId("memory").getByText("Knows somebody called Anna").waitFor({ state: "detached" });
    expect(await page.getByTestId("memory").count()).toBe(1);
  });
});

describe("writing up again", () => {
  it("is asked for, shows that it is under way, and its result by itself; what was changed by hand stays", async () => {
    await using watched = await open(heard);
    const { page } = watched;
    const answered = Promise.withResolvers<void>();
    const answer = { ...SUMMARY, title: "Another title", overview: "Another summary." };
    llm.script({ kind: "held", until: answered.promise, next: { kind: "json", answer } });
    await page.getByRole("button", { name: "More" }).press("Enter");
    await page.getByRole("menuitem", { name: "Write it up again" }).press("Enter");
    const dialog = page.getByRole("dialog");
    await dialog.getByText(/are made anew from the transcript/).waitFor();
    await inspect(page, "reprocess");
    await dialog.getByRole("button", { name: "Write it up again" }).click();
    await dialog.waitFor({ state: "hidden" });
    await page.getByTestId("state").getByText("Being written up").waitFor();
    await inspect(page, "reprocess-running");
    answered.resolve();
    await page.getByText("Another summary.").waitFor({ timeout: DONE_WITHIN_MS });
    await page.getByTestId("state").waitFor({ state: "detached" });
    await page.getByRole("heading", { name: "Another title" }).waitFor();
    await page.getByTestId("memory").getByText("Values service", { exact: true }).waitFor();
    expect(await page.getByRole("checkbox", { name: "Write to Anna" }).isChecked()).toBe(true);
  });

  it("of one that failed is one press away, and says where that fails", async () => {
    await using watched = await open(silent);
    watched.expectFaults(/500/);
    const { page } = watched;
    llm.script({ kind: "json", answer: { ...SUMMARY, overview: "Written at last.", action_items: [], memories: [] } });
    let isFailed = true;
    await page.route(`**/v1/conversations/${silent}`, async (route) => {
      const response = await route.fetch();
      const json = (await response.json()) as object;
      const failed = {
        ...json,
        status: "failed",
        state_reason: "llm_unavailable",
        structured: { title: "", overview: "", action_items: [], category: "other" },
      };
      await route.fulfill({ response, json: isFailed ? failed : json });
    });
    await page.reload();
    const state = page.getByTestId("state");
    await state.getByText("The language model could not be reached. The transcript is complete.").waitFor();
    await inspect(page, "state-failed");
    await page.route("**/reprocess", (route) => route.fulfill({ status: 500, json: {} }));
    await state.getByRole("button", { name: "Write it up again" }).click();
    await state.getByRole("alert").waitFor();
    await page.unroute("**/reprocess");
    isFailed = false;
    await state.getByRole("button", { name: "Write it up again" }).click();
    await page.getByText("Written at last.").waitFor({ timeout: DONE_WITHIN_MS });
  });
});

describe("sharing by link", () => {
  it("shows others what was said and nothing more, until it is ended", async () => {
    await using watched = await open(heard);
    const { page } = watched;
    await page.getByRole("button", { name: "More" }).click();
    await page.getByRole("menuitem", { name: "Share" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText(/Whoever has the link can read/).waitFor();
    expect(await dialog.getByRole("textbox").count()).toBe(0);
    await dialog.getByRole("button", { name: "Share it" }).click();
    const link = await dialog.getByRole("textbox", { name: "Link" }).inputValue();
    expect(link.startsWith(`${stage.holdfast.origin}/shared/`)).toBe(true);
    await inspect(page, "share");
    await dialog.getByRole("button", { name: "Close" }).click();
    await page.getByText("Shared by link").waitFor();

    await using other = await stage.page({ viewport: { width: 390, height: 844 }, colorScheme: "dark" });
    const reader = other.page;
    const answer = await reader.goto(link);
    expect(answer?.headers()["x-robots-tag"]).toBe("noindex, nofollow");
    await reader.getByRole("heading", { name: "Another title" }).waitFor();
    await reader.getByText("Another summary.").waitFor();
    await reader
      .getByText(/ask what you can do for your country/i)
      .first()
      .waitFor();
    await reader.getByRole("img", { name: "Done" }).waitFor();
    expect(await reader.getByText("Values service").count()).toBe(0);
    expect(await reader.getByRole("button").count()).toBe(0);
    expect(await reader.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)).toBeLessThanOrEqual(
      0,
    );
    await inspect(reader, "shared");

    await page.getByRole("button", { name: "More" }).click();
    await page.getByRole("menuitem", { name: "Share" }).click();
    await dialog.getByRole("button", { name: "Stop sharing" }).click();
    await dialog.getByRole("button", { name: "Share it" }).waitFor();
    other.expectFaults(/404/);
    await reader.reload();
    await reader.getByRole("heading", { name: "Nothing is shared here" }).waitFor();
    await inspect(reader, "shared-gone");
  });
});

describe("the list", () => {
  it("shows what was chosen, over a reload and together with a search", async () => {
    await using watched = await stage.signedIn();
    const { page } = watched;
    const rows = page.getByTestId("conversation");
    const choose = async (name: string): Promise<void> =>
      await page.getByRole("group", { name: "Which conversations" }).getByRole("button", { name, exact: true }).click();
    await expect.poll(() => rows.count()).toBe(2);
    await choose("With sound");
    await expect.poll(() => rows.count()).toBe(1);
    expect(new URL(page.url()).search).toBe("?show=audio");
    await page.reload();
    await expect.poll(() => rows.count()).toBe(1);
    expect(await page.getByRole("button", { name: "With sound" }).getAttribute("aria-pressed")).toBe("true");
    await inspect(page, "list-chosen");

    const field = page.getByRole("searchbox", { name: "Search conversations" });
    await field.fill("country");
    await page.getByText("1 conversation", { exact: true }).waitFor();
    expect(new URL(page.url()).searchParams.get("q")).toBe("country");
    await page.reload();
    await page.getByText("1 conversation", { exact: true }).waitFor();
    expect(await field.inputValue()).toBe("country");
    await choose("All");
    await page.getByText("2 conversations", { exact: true }).waitFor();
    await choose("Starred");
    await page.getByText("Nothing found for “country”.").waitFor();
    await page.getByRole("button", { name: "Clear the search" }).click();
    await page.getByText("No conversation is like this.").waitFor();
    await api.setStarred(silent, true);
    await page.reload();
    await expect.poll(() => rows.count()).toBe(1);
    await rows.getByRole("img", { name: "Starred" }).waitFor();
    await choose("Not written up");
    await page.getByText("No conversation is like this.").waitFor();
    await page.getByRole("link", { name: "Holdfast" }).click();
    await expect.poll(() => rows.count()).toBe(2);
    expect(await field.inputValue()).toBe("");
  });
});

describe.each([
  ["phone-dark", { viewport: { width: 390, height: 844 }, colorScheme: "dark", hasTouch: true }],
  ["desktop-light", { colorScheme: "light" }],
  ["phone-arabic", { viewport: { width: 390, height: 844 }, locale: "ar-EG" }],
] as const)("on %s", (name, options) => {
  it("the conversation with its player, and the list with its choice, are in order", async () => {
    await using watched = await stage.page({ before: REMEMBER_SOUNDS, ...options });
    const { page } = watched;
    await page.goto(stage.holdfast.link);
    await page.getByTestId("conversation").first().waitFor();
    await inspect(page, `${name}-list-choice`);
    await page.goto(`${stage.holdfast.origin}/conversations/${heard}`);
    await page.locator("[data-testid=player] button").nth(1).click();
    await phaseIs(page, "playing");
    await expect.poll(() => spoken(page).count()).toBe(1);
    await inspect(page, `${name}-player`);
    const widest = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    expect(widest).toBeLessThanOrEqual(0);
  });
});
