/**
 * What a person can do about syncing as a whole, in a real browser against the whole server: cancel it after being asked, clear
 * what is kept here, read how it works; and that a pause has no button, not for a moment.
 */
import type { Page, Route } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { JFK_WAV } from "./holdfast.ts";
import { inspect, Stage, type WatchedPage } from "./stage.ts";

const DONE_WITHIN_MS = 90_000;
const NETWORK_FAULTS = /ERR_|Failed to load resource|WebSocket/;
const UPLOADS = /\/v1\/uploads|\/v2\/sync-local-files/;
const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true };

/** What the card has been since, and every button that it had. */
const WATCH_CARD = `
  globalThis.seen = { states: [], buttons: [] };
  const look = () => {
    const card = document.querySelector("[data-testid=sync-status-card]");
    if (card === null) return;
    if (seen.states.at(-1) !== card.dataset.state) seen.states.push(card.dataset.state);
    for (const button of card.querySelectorAll("button")) seen.buttons.push(button.textContent);
  };
  look();
  new MutationObserver(look).observe(document.body, { subtree: true, childList: true, attributes: true });
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
const dialog = (page: Page) => page.getByRole("dialog");

async function cardIs(page: Page, state: string, timeout = 15_000): Promise<void> {
  await expect.poll(() => card(page).getAttribute("data-state"), { timeout, interval: 100 }).toBe(state);
}

async function openRecordings(page: Page): Promise<void> {
  await page.getByTestId("sync-sign").click();
  await card(page).waitFor();
}

/** Drops a file that is sound (the fixture), or one of these names that no server hears. */
async function drop(page: Page, name?: string): Promise<void> {
  await page.getByRole("link", { name: "Holdfast" }).click();
  const file = name === undefined ? JFK_WAV : { name, mimeType: "audio/wav", buffer: Buffer.from(name) };
  await page.setInputFiles("section[aria-label=Record] input[type=file]", file);
  await page
    .getByTestId("upload")
    .filter({ hasText: name ?? "jfk.wav" })
    .waitFor();
}

/** Uploads are not answered; what is returned are those that wait. */
async function holdUploads(page: Page): Promise<Route[]> {
  const held: Route[] = [];
  await page.route(UPLOADS, (route) => void held.push(route));
  return held;
}

async function openSheet(page: Page, name: string): Promise<void> {
  await page.getByRole("button", { name, exact: true }).click();
  await dialog(page).getByText(name, { exact: true }).waitFor();
}

describe("a running sync", () => {
  it("is cancelled only after asking; what was not sent stays, and goes when it is asked for", async () => {
    await using watched = await stage.signedIn();
    watched.expectFaults(NETWORK_FAULTS);
    const { page } = watched;
    const held = await holdUploads(page);
    await drop(page);
    await openRecordings(page);
    await cardIs(page, "uploading");
    await card(page).getByRole("button", { name: "Cancel" }).click();
    await dialog(page).getByText("Cancel this sync?").waitFor();
    await inspect(page, "sync-cancel");
    await dialog(page).getByRole("button", { name: "Keep syncing" }).click();
    await dialog(page).waitFor({ state: "hidden" });
    await cardIs(page, "uploading");
    expect(held).toHaveLength(1);

    await card(page).getByRole("button", { name: "Cancel" }).click();
    await dialog(page).getByRole("button", { name: "Cancel sync" }).click();
    await dialog(page).waitFor({ state: "hidden" });
    await cardIs(page, "ready");
    await rows(page).waitFor();
    expect(await rows(page).getAttribute("data-state")).toBe("waiting");
    await page.unroute(UPLOADS);
    await card(page).getByRole("button", { name: "Sync" }).click();
    await cardIs(page, "all_synced", DONE_WITHIN_MS);
  });

  it("that ends while it is asked takes the question with it", async () => {
    await using watched = await stage.signedIn();
    watched.expectFaults(/429/);
    const { page } = watched;
    const held = await holdUploads(page);
    await drop(page, "slow.wav");
    await openRecordings(page);
    await card(page).getByRole("button", { name: "Cancel" }).click();
    await dialog(page).getByText("Cancel this sync?").waitFor();
    await expect.poll(() => held.length).toBe(1);
    await held[0]?.fulfill({ status: 429, headers: { "retry-after": "600" }, json: {} });
    await dialog(page).waitFor({ state: "hidden" });
    await cardIs(page, "limited_busy");
  });

  it("without a network can be told to wait no longer, and goes all the same when there is one", async () => {
    await using watched = await stage.signedIn();
    watched.expectFaults(NETWORK_FAULTS);
    const { page } = watched;
    await openRecordings(page);
    await page.context().setOffline(true);
    await drop(page);
    await openRecordings(page);
    await cardIs(page, "waiting_internet");
    await card(page).getByRole("button", { name: "Cancel" }).click();
    await dialog(page).getByRole("button", { name: "Cancel sync" }).click();
    await cardIs(page, "ready");
    await card(page).getByRole("button", { name: "Sync" }).click();
    await cardIs(page, "waiting_internet");
    await page.context().setOffline(false);
    await cardIs(page, "all_synced", DONE_WITHIN_MS);
  });
});

it("a pause has no button, not for a moment, also when a recording is to be tried again", async () => {
  await using watched = await stage.signedIn();
  watched.expectFaults(/413|429/);
  const { page } = watched;
  let answer: Parameters<Route["fulfill"]>[0] = { status: 413, json: {} };
  let asked = 0;
  await page.route(UPLOADS, async (route) => {
    asked += 1;
    await route.fulfill(answer);
  });
  await drop(page, "refused.wav");
  await openRecordings(page);
  await cardIs(page, "attention");
  answer = { status: 429, headers: { "retry-after": "600" }, json: {} };
  await drop(page, "paused.wav");
  await openRecordings(page);
  await cardIs(page, "limited_busy");
  await page.getByRole("button", { name: "All", exact: true }).click();
  const before = asked;
  await page.evaluate(WATCH_CARD);
  const refused = rows(page).filter({ hasText: "refused.wav" });
  await refused.getByRole("button", { name: /^Retry/ }).click();
  await expect.poll(() => refused.getAttribute("data-state")).toBe("waiting");
  await refused.getByText(/It goes when the pause is over/).waitFor();
  expect(await page.evaluate("seen")).toEqual({ states: ["limited_busy"], buttons: [] });
  expect(asked).toBe(before);
});

describe("the storage of this device", () => {
  async function withSyncedAndPending(watched: WatchedPage): Promise<void> {
    const { page } = watched;
    const states = () => rows(page).evaluateAll((all) => all.map((row) => row.getAttribute("data-state")));
    await drop(page);
    await openRecordings(page);
    await page.getByRole("button", { name: "All", exact: true }).click();
    await expect.poll(states, { timeout: DONE_WITHIN_MS }).toEqual(["synced"]);
    watched.expectFaults(/500/);
    await page.route(UPLOADS, (route) => route.fulfill({ status: 500, json: {} }));
    await drop(page, "waits.wav");
    await openRecordings(page);
    await cardIs(page, "ready");
    await page.getByRole("button", { name: "All", exact: true }).click();
    await expect.poll(states).toEqual(["waiting", "synced"]);
  }

  it("is cleared of copies and of what is in no conversation, each after asking, and what came of it is said", async () => {
    await using watched = await stage.signedIn(PHONE);
    const { page } = watched;
    await openRecordings(page);
    expect(await page.getByRole("button", { name: "Manage storage" }).count()).toBe(0);
    await withSyncedAndPending(watched);
    await openSheet(page, "Manage storage");
    await dialog(page).getByText("1 copy; its conversation stays.").waitFor();
    await inspect(page, "manage-storage-phone");
    await dialog(page).getByRole("button", { name: "Clear Synced" }).click();
    await dialog(page).getByText("The conversations stay.").waitFor();
    await dialog(page).getByRole("button", { name: "Keep them" }).click();
    expect(await rows(page).count()).toBe(2);
    await dialog(page).getByRole("button", { name: "Clear Synced" }).click();
    await dialog(page).getByRole("button", { name: "Delete", exact: true }).click();
    await dialog(page).getByText("1 recording was deleted from this device.").waitFor();
    await dialog(page).getByText("None.").waitFor();
    await inspect(page, "manage-storage-done-phone");
    await expect.poll(() => rows(page).count()).toBe(1);
    expect(await dialog(page).getByRole("button", { name: "Clear Synced" }).isDisabled()).toBe(true);

    await dialog(page).getByRole("button", { name: "Clear Not in a conversation" }).click();
    await dialog(page).getByText("What was said in these recordings may be lost. This cannot be undone.").waitFor();
    await inspect(page, "manage-storage-ask-phone");
    await dialog(page).getByRole("button", { name: "Delete for good" }).click();
    await expect.poll(() => rows(page).count()).toBe(0);
    await dialog(page).getByRole("button", { name: "Close" }).click();
    await dialog(page).waitFor({ state: "hidden" });
    await cardIs(page, "all_synced");
    expect(await page.getByRole("button", { name: "Manage storage" }).count()).toBe(0);
    await page.reload();
    await cardIs(page, "all_synced");
    await page.getByRole("button", { name: "All", exact: true }).click();
    await page.getByText("There are no recordings on this device.").waitFor();
  });

  it("is cleared of everything", async () => {
    await using watched = await stage.signedIn({ colorScheme: "dark" });
    const { page } = watched;
    await withSyncedAndPending(watched);
    await openSheet(page, "Manage storage");
    await inspect(page, "manage-storage-dark");
    await dialog(page).getByRole("button", { name: "Clear all" }).click();
    await dialog(page).getByText("Delete all recordings on this device?").waitFor();
    await dialog(page).getByRole("button", { name: "Delete for good" }).click();
    await dialog(page).getByText("2 recordings were deleted from this device.").waitFor();
    await expect.poll(() => rows(page).count()).toBe(0);
  });
});

describe("how syncing works", () => {
  it("is told with every state, and closed with the keyboard", async () => {
    await using watched = await stage.signedIn();
    const { page } = watched;
    await openRecordings(page);
    await page.getByRole("button", { name: "How syncing works" }).focus();
    await page.keyboard.press("Enter");
    await dialog(page).getByText("What each state means").waitFor();
    expect(await dialog(page).getByRole("term").allTextContents()).toEqual([
      ...["Waiting", "Being sent", "Sent, the server works on it", "In a conversation", "Not processed, tried again"],
      ...["Failed", "The file is gone", "Too old", "Not usable", "Refused"],
    ]);
    await inspect(page, "sync-info");
    await page.keyboard.press("Escape");
    await dialog(page).waitFor({ state: "hidden" });
    await expect.poll(() => page.evaluate("document.activeElement.ariaLabel")).toBe("How syncing works");
  });

  it("fits on a phone, from right to left", async () => {
    await using watched = await stage.signedIn(PHONE);
    const { page } = watched;
    await page.goto(`${stage.holdfast.origin}/sync?lang=ar-XB`);
    await card(page).waitFor();
    await page.locator("button:has(.tabler-icon-info-circle)").click();
    await dialog(page).waitFor();
    expect(await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)).toBeLessThanOrEqual(0);
    await inspect(page, "sync-info-phone-rtl");
  });
});
