/**
 * A real Chromium for the browser tests and the README's pictures: the one of the machine if there is one, else the one that
 * comes inside an npm package (nothing is downloaded). Its microphone plays a WAV file; it asks nobody for updates.
 */
import { accessSync, constants } from "node:fs";
import chromium from "@sparticuz/chromium";
import { type Browser, chromium as playwright } from "playwright-core";

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
  "--autoplay-policy=no-user-gesture-required",
  "--use-fake-device-for-media-stream",
];

export interface BrowserOptions {
  /** What the microphone hears, again and again. Without it the browser has no microphone it may use. */
  readonly microphoneWav?: string;
  /** False: the person refuses the microphone. */
  readonly allowMicrophone?: boolean;
}

export async function launchChromium({ microphoneWav, allowMicrophone = true }: BrowserOptions = {}): Promise<Browser> {
  const executablePath = SYSTEM_BROWSERS.find(isExecutable) ?? (await chromium.executablePath());
  return await playwright.launch({
    executablePath,
    headless: true,
    args: [
      ...FLAGS,
      ...(allowMicrophone ? ["--use-fake-ui-for-media-stream"] : ["--deny-permission-prompts"]),
      ...(microphoneWav === undefined ? [] : [`--use-file-for-fake-audio-capture=${microphoneWav}`]),
    ],
  });
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
