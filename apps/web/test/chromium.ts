/**
 * A real Chromium for the browser tests and the README's pictures: the one of the machine if there is one, else the one that
 * comes inside an npm package (nothing is downloaded). Its microphone plays a WAV file, again and again, or is refused by the
 * person. `holdfast.test` leads to this machine and is not a secure address.
 */
import { accessSync, constants } from "node:fs";
import chromium from "@sparticuz/chromium";
import { type Browser, type BrowserContext, type LaunchOptions, chromium as playwright } from "playwright-core";

const SYSTEM_BROWSERS = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-dev-shm-usage",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-domain-reliability",
  "--disable-sync",
  "--no-default-browser-check",
  "--no-first-run",
  "--no-pings",
  "--use-fake-device-for-media-stream",
  "--host-resolver-rules=MAP holdfast.test 127.0.0.1",
];

/** A sound file for the microphone to hear, or "denied". */
export type Microphone = { readonly wav: string } | "denied";

export async function launchChromium(microphone: Microphone): Promise<Browser> {
  return await playwright.launch(await launchOptions(microphone));
}

/**
 * The same with a profile on disk, as a person's browser has one. The contexts of `launchChromium` keep nothing on disk: their
 * storage is in memory and in another process.
 */
export async function launchProfile(microphone: Microphone, folder: string): Promise<BrowserContext> {
  return await playwright.launchPersistentContext(folder, await launchOptions(microphone));
}

async function launchOptions(microphone: Microphone): Promise<LaunchOptions> {
  const executablePath = SYSTEM_BROWSERS.find(isExecutable) ?? (await chromium.executablePath());
  const answer =
    microphone === "denied"
      ? ["--use-fake-ui-for-media-stream=deny"]
      : ["--use-fake-ui-for-media-stream", `--use-file-for-fake-audio-capture=${microphone.wav}`];
  return { executablePath, headless: true, args: [...FLAGS, ...answer] };
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
