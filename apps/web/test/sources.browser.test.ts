/**
 * What is recorded, in a real browser against the whole server: a microphone of the person's choice, which may come and go, and
 * the sound of a tab beside it.
 */
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { JFK_WAV } from "./holdfast.ts";
import { inspect, Stage, type WatchedPage } from "./stage.ts";

const SPEECH = /country|americans|ask/i;
const WORDS_WITHIN_MS = 60_000;
/** A recording that ends before its first word may have no conversation. */
const NOTHING_SAID = /404/;

/** The microphones that the page opened, in order, and microphones that can be unplugged (`unplug`) and plugged in again. */
const WATCH_MICROPHONES = `
  globalThis.opened = [];
  const { mediaDevices } = navigator;
  const away = new Set();
  const [open, list] = [mediaDevices.getUserMedia.bind(mediaDevices), mediaDevices.enumerateDevices.bind(mediaDevices)];
  mediaDevices.getUserMedia = async (wish) => {
    const stream = await open(wish);
    opened.push(stream.getAudioTracks()[0]);
    return stream;
  };
  mediaDevices.enumerateDevices = async () => (await list()).filter(({ label }) => !away.has(label));
  globalThis.unplug = (label) => {
    away.add(label);
    for (const track of opened.filter((track) => track.label === label && track.readyState === "live")) {
      track.stop();
      track.dispatchEvent(new Event("ended"));
    }
    mediaDevices.dispatchEvent(new Event("devicechange"));
  };
  globalThis.plugIn = (label) => {
    away.delete(label);
    mediaDevices.dispatchEvent(new Event("devicechange"));
  };
`;

/** The microphone hears nothing, so that every word is the tab's. */
const MUTE_MICROPHONE = `
  const { mediaDevices } = navigator;
  const open = mediaDevices.getUserMedia.bind(mediaDevices);
  mediaDevices.getUserMedia = async (wish) => {
    const stream = await open(wish);
    for (const track of stream.getAudioTracks()) track.enabled = false;
    return stream;
  };
`;

/** The tracks of what the person shared. */
const WATCH_SHARED = `
  globalThis.shared = [];
  const { mediaDevices: devices } = navigator;
  const share = devices.getDisplayMedia.bind(devices);
  devices.getDisplayMedia = async (wish) => {
    const stream = await share(wish);
    shared.push(...stream.getTracks());
    return stream;
  };
`;

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.open({ wav: JFK_WAV });
});

afterAll(async () => {
  await stage?.[Symbol.asyncDispose]();
});

async function signedIn(before: string): Promise<WatchedPage> {
  const watched = await stage.signedIn({ before });
  watched.expectFaults(NOTHING_SAID);
  return watched;
}

const menuButton = (page: Page) => page.getByRole("button", { name: "Microphone and shared sound" });
const microphones = (page: Page) => page.getByRole("menuitemradio");

async function startRecording(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Record", exact: true }).click();
  await page.getByRole("timer").waitFor();
}

async function stopRecording(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Stop recording" }).click();
  await page.getByRole("timer").waitFor({ state: "detached", timeout: WORDS_WITHIN_MS });
}

async function choose(page: Page, name: string): Promise<void> {
  await menuButton(page).click();
  await page.getByRole("menuitemradio", { name }).click();
  await page.getByRole("menu").waitFor({ state: "detached" });
}

/** The names of the microphones that were opened, and whether each is still open. */
async function opened(page: Page): Promise<unknown> {
  return await page.evaluate("opened.map(({ label, readyState }) => [label, readyState])");
}

async function capturedSeconds(page: Page): Promise<number> {
  const [minutes = 0, seconds = 0] = ((await page.getByRole("timer").textContent()) ?? "").split(":").map(Number);
  return minutes * 60 + seconds;
}

describe("the microphone", () => {
  it("is chosen with the keyboard, used, and remembered on this device", async () => {
    await using watched = await signedIn(WATCH_MICROPHONES);
    const { page } = watched;
    await menuButton(page).focus();
    await page.keyboard.press("Enter");
    await page.getByRole("menu").waitFor();
    await expect
      .poll(() => microphones(page).allTextContents())
      .toEqual(["The system's choice", "Fake Audio Input 1", "Fake Audio Input 2"]);
    expect(await page.getByRole("menuitemradio", { checked: true }).textContent()).toBe("The system's choice");
    await inspect(page, "microphones");
    await expect.poll(() => page.evaluate("document.activeElement.textContent")).toBe("The system's choice");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await page.getByRole("menu").waitFor({ state: "detached" });
    await expect.poll(() => page.evaluate("document.activeElement.ariaLabel")).toBe("Microphone and shared sound");

    await page.reload();
    await startRecording(page);
    expect(await opened(page)).toEqual([["Fake Audio Input 2", "live"]]);
    await stopRecording(page);
    expect(await opened(page)).toEqual([["Fake Audio Input 2", "ended"]]);
  });

  it("is changed while a recording runs, which goes on", async () => {
    await using watched = await signedIn(WATCH_MICROPHONES);
    const { page } = watched;
    await startRecording(page);
    await choose(page, "Fake Audio Input 1");
    await expect
      .poll(() => opened(page))
      .toEqual([
        ["Fake Default Audio Input", "ended"],
        ["Fake Audio Input 1", "live"],
      ]);
    const before = await capturedSeconds(page);
    await expect.poll(() => capturedSeconds(page), { timeout: 15_000 }).toBeGreaterThan(before + 1);
    await page.getByTestId("live-segment").filter({ hasText: SPEECH }).first().waitFor({ timeout: WORDS_WITHIN_MS });
    await stopRecording(page);
  });

  it("that goes away gives way to another one, which is said, and is used again when it is back", async () => {
    await using watched = await signedIn(WATCH_MICROPHONES);
    const { page } = watched;
    const notice = page.getByText("Your microphone can't be used now; another one is used instead.");
    await choose(page, "Fake Audio Input 2");
    await startRecording(page);
    await page.evaluate("unplug('Fake Audio Input 2')");
    await notice.waitFor();
    await expect
      .poll(() => opened(page))
      .toEqual([
        ["Fake Audio Input 2", "ended"],
        ["Fake Default Audio Input", "live"],
      ]);
    const before = await capturedSeconds(page);
    await expect.poll(() => capturedSeconds(page), { timeout: 15_000 }).toBeGreaterThan(before + 1);
    await menuButton(page).click();
    const gone = page.getByRole("menuitemradio", { name: "Fake Audio Input 2, not connected" });
    expect(await gone.isDisabled()).toBe(true);
    expect(await gone.getAttribute("aria-checked")).toBe("true");
    await inspect(page, "microphone-gone");
    await page.keyboard.press("Escape");
    await page.evaluate("plugIn('Fake Audio Input 2')");
    await notice.waitFor({ state: "detached" });
    await expect.poll(async () => ((await opened(page)) as unknown[]).at(-1)).toEqual(["Fake Audio Input 2", "live"]);
    await stopRecording(page);
  });

  it("that is not there at the beginning is no reason not to record", async () => {
    const chosen = JSON.stringify({ id: "0123", label: "Studio" });
    const before = `${WATCH_MICROPHONES};localStorage.setItem("holdfast.microphone", ${JSON.stringify(chosen)})`;
    await using watched = await signedIn(before);
    const { page } = watched;
    await startRecording(page);
    await page.getByText("Your microphone can't be used now; another one is used instead.").waitFor();
    expect(await opened(page)).toEqual([["Fake Default Audio Input", "live"]]);
    await stopRecording(page);
  });

  it("that was the last one ends the recording, and what was recorded is kept", async () => {
    await using watched = await signedIn(WATCH_MICROPHONES);
    const { page } = watched;
    await startRecording(page);
    await page.evaluate(`
      navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException("", "NotFoundError"));
      unplug("Fake Default Audio Input");
    `);
    await page.getByRole("alert").getByText("The microphone was disconnected").waitFor({ timeout: WORDS_WITHIN_MS });
  });
});

describe("the sound of a tab", () => {
  it("is recorded beside the microphone from the first moment, and ends with the recording", async () => {
    await using watched = await signedIn(`${MUTE_MICROPHONE};${WATCH_SHARED}`);
    const { page } = watched;
    await menuButton(page).click();
    await page.getByRole("menuitem", { name: "Record with the sound of a tab or screen" }).click();
    await page.getByText("With shared sound").waitFor();
    await page.getByTestId("live-segment").filter({ hasText: SPEECH }).first().waitFor({ timeout: WORDS_WITHIN_MS });
    await inspect(page, "recording-shared");
    await page.getByRole("button", { name: "Stop recording" }).click();
    await page.waitForURL("**/conversations/*", { timeout: WORDS_WITHIN_MS });
    expect(await page.evaluate("shared.map(({ kind, readyState }) => [kind, readyState]).sort()")).toEqual([
      ["audio", "ended"],
      ["video", "ended"],
    ]);
  });

  it("comes and goes while the microphone goes on, and it is said when it ended by itself", async () => {
    await using watched = await signedIn(WATCH_SHARED);
    const { page } = watched;
    await startRecording(page);
    const share = async (): Promise<void> => {
      await menuButton(page).click();
      await page.getByRole("menuitem", { name: "Add the sound of a tab or screen" }).click();
      await page.getByText("With shared sound").waitFor();
    };
    await share();
    await menuButton(page).click();
    await page.getByRole("menuitem", { name: "Leave out the shared sound" }).click();
    await page.getByText("With shared sound").waitFor({ state: "detached" });
    await share();
    // As the browser does when the person presses "Stop sharing".
    await page.evaluate("for (const track of shared) { track.stop(); track.dispatchEvent(new Event('ended')); }");
    await page.getByText("The shared sound has ended. The microphone goes on.").waitFor();
    await inspect(page, "shared-ended");
    const before = await capturedSeconds(page);
    await expect.poll(() => capturedSeconds(page), { timeout: 15_000 }).toBeGreaterThan(before + 1);
    await stopRecording(page);
  });

  it("that is refused changes nothing, and where there is none it is said", async () => {
    await using watched = await stage.signedIn();
    const { page } = watched;
    const ask = async (): Promise<void> => {
      await menuButton(page).click();
      await page.getByRole("menuitem", { name: "Record with the sound of a tab or screen" }).click();
    };
    await page.evaluate(
      "navigator.mediaDevices.getDisplayMedia = () => Promise.reject(new DOMException('', 'NotAllowedError'))",
    );
    await ask();
    await page.getByText("Press to record").waitFor();
    await page.evaluate("navigator.mediaDevices.getDisplayMedia = () => Promise.resolve(new MediaStream())");
    await ask();
    await page.getByRole("alert").getByText("No sound was shared").waitFor();
    await inspect(page, "no-shared-sound");
  });
});

it("where there is one microphone and nothing to share, there is no menu", async () => {
  const before = `
    delete MediaDevices.prototype.getDisplayMedia;
    const { mediaDevices } = navigator;
    const list = mediaDevices.enumerateDevices.bind(mediaDevices);
    mediaDevices.enumerateDevices = async () => {
      const devices = (await list()).filter(({ label }) => !/Input 2/.test(label));
      globalThis.listed = true;
      return devices;
    };
  `;
  await using watched = await stage.signedIn({ before, viewport: { width: 390, height: 844 } });
  const { page } = watched;
  await expect.poll(() => page.evaluate("globalThis.listed")).toBe(true);
  expect(await menuButton(page).count()).toBe(0);
});

it("the menu fits on a phone, from right to left, in the dark", async () => {
  const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, colorScheme: "dark" } as const;
  await using watched = await stage.signedIn(phone);
  const { page } = watched;
  await page.goto(`${stage.holdfast.origin}/?lang=ar-XB`);
  await page.locator("button:has(.tabler-icon-adjustments-horizontal)").click();
  await page.getByRole("menu").waitFor();
  const { x, width } = (await page.getByRole("menu").boundingBox()) ?? { x: -1, width: 0 };
  expect(x).toBeGreaterThanOrEqual(0);
  expect(x + width).toBeLessThanOrEqual(390);
  await inspect(page, "microphones-phone-rtl-dark");
});
