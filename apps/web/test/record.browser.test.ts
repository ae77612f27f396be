/**
 * The promise of the first page, in a real browser against the whole server with real speech: press record, see your words,
 * stop, and have a conversation; also when the gateway is killed in the middle, and where the browser cannot encode Opus.
 */
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { JFK_WAV } from "./holdfast.ts";
import { inspect, Stage } from "./stage.ts";

/** The microphone plays this sentence again and again, from any point on. */
const SPEECH = /country|americans|ask/i;
const WORDS_WITHIN_MS = 60_000;
const FINISHED_WITHIN_MS = 90_000;

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.open({ wav: JFK_WAV });
});

afterAll(async () => {
  await stage?.[Symbol.asyncDispose]();
});

async function startRecording(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Record", exact: true }).click();
  await page.getByRole("timer").waitFor();
}

async function hearWords(page: Page): Promise<void> {
  const words = page.getByTestId("live-segment").filter({ hasText: SPEECH });
  await words.first().waitFor({ timeout: WORDS_WITHIN_MS });
}

async function safeSeconds(page: Page): Promise<number> {
  const text = await page.getByTestId("safety").textContent();
  return Number(/Safe on the server:\s*(\d+)/.exec(text ?? "")?.[1] ?? Number.NaN);
}

async function stopAndFinish(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Stop recording" }).click();
  await page.waitForURL("**/conversations/*", { timeout: FINISHED_WITHIN_MS });
  await page.getByRole("heading", { name: "Summary" }).waitFor({ timeout: FINISHED_WITHIN_MS });
}

describe("a recording", () => {
  it("shows its words while they are spoken and becomes a conversation", async () => {
    await using watched = await stage.signedIn();
    const { page } = watched;
    await page.getByText("Nothing here yet").waitFor();
    await inspect(page, "empty");

    await startRecording(page);
    await hearWords(page);
    await expect.poll(() => safeSeconds(page), { timeout: 15_000 }).toBeGreaterThan(2);
    await inspect(page, "recording");

    await stopAndFinish(page);
    await expect(page.getByRole("list", { name: "Transcript" }).textContent()).resolves.toMatch(SPEECH);
    await page.getByText("basic summary").waitFor();
    await inspect(page, "conversation");

    const title = await page.getByRole("heading", { level: 1 }).textContent();
    await page.getByRole("link", { name: "All conversations" }).click();
    const row = page.getByTestId("conversation").filter({ has: page.getByRole("link", { name: title ?? "" }) });
    await row.waitFor();
    expect(await row.count()).toBe(1);
    expect(await row.getAttribute("data-state")).toBe("completed");
    await inspect(page, "list");
  });

  it("keeps each word in its place while its segment grows", async () => {
    await using watched = await stage.signedIn();
    const { page } = watched;
    await startRecording(page);
    const first = page.getByTestId("live-segment").first();
    await first.waitFor({ timeout: WORDS_WITHIN_MS });
    const handle = await first.elementHandle();
    const before = (await first.textContent())?.length ?? 0;
    await expect
      .poll(async () => (await first.textContent())?.length ?? 0, { timeout: 30_000 })
      .toBeGreaterThan(before);
    expect(await handle?.evaluate((element) => element.isConnected)).toBe(true);
    await stopAndFinish(page);
  });

  it("goes on while the person looks at other pages, and warns before it is left", async () => {
    await using watched = await stage.signedIn();
    const { page } = watched;
    await startRecording(page);
    await page.getByTestId("conversation").first().getByRole("link").click();
    const sign = page.getByRole("link", { name: /^Recording / });
    await expect.poll(() => sign.textContent(), { timeout: 10_000 }).toMatch(/Recording 0:0[2-9]/);
    await inspect(page, "recording-elsewhere");
    const asked = page.waitForEvent("dialog");
    await page.close({ runBeforeUnload: true });
    const dialog = await asked;
    expect(dialog.type()).toBe("beforeunload");
    await dialog.dismiss();
    await sign.click();
    await hearWords(page);
    await stopAndFinish(page);
  });

  it("survives a killed gateway: the sound is kept, sent again and loses nothing", async () => {
    await using watched = await stage.signedIn();
    watched.expectFaults(/WebSocket|ERR_CONNECTION|Failed to load resource/);
    const { page } = watched;
    await startRecording(page);
    await hearWords(page);
    stage.holdfast.kill("gateway");
    await page.getByText("the sound is kept here and sent as soon as it is back").waitFor();
    await inspect(page, "reconnecting");
    const safeBefore = await safeSeconds(page);
    await expect.poll(() => safeSeconds(page), { timeout: 60_000 }).toBeGreaterThan(safeBefore + 5);
    await stopAndFinish(page);
    await expect(page.getByRole("list", { name: "Transcript" }).textContent()).resolves.toMatch(SPEECH);
  });

  it("without an Opus encoder sends samples instead", async () => {
    await using watched = await stage.signedIn({ before: "delete globalThis.AudioEncoder" });
    const { page } = watched;
    const socket = page.waitForEvent("websocket");
    await startRecording(page);
    expect(new URL((await socket).url()).searchParams.get("codec")).toBe("pcm16");
    await hearWords(page);
    await stopAndFinish(page);
  });

  it("with one sends Opus", async () => {
    await using watched = await stage.signedIn();
    const { page } = watched;
    const socket = page.waitForEvent("websocket");
    await startRecording(page);
    const { searchParams } = new URL((await socket).url());
    expect(searchParams.get("codec")).toBe("opus_fs320");
    expect(searchParams.get("audio_ack")).toBe("enabled");
    await hearWords(page);
    await stopAndFinish(page);
  });
});
