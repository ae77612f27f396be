/**
 * A reel: scenes that follow from each other in one browser profile. Everything in them is the real page before the real server;
 * what only a server in trouble says is said in its place, request by request.
 */
import type { Page, Route } from "playwright-core";
import type { PageOptions, Stage } from "../stage.ts";

/** Folder of its pictures, and what is seen, for the gallery. */
export type Scenes = Readonly<Record<string, string>>;

export interface Shoot<Name extends string = string> {
  readonly stage: Stage;
  readonly page: Page;
  readonly take: (scene: Name) => Promise<void>;
}

export interface Reel<S extends Scenes = Scenes> {
  readonly scenes: S;
  /** It does not begin signed in at the list. */
  readonly isSignedOut?: boolean;
  readonly options?: PageOptions;
  run(shoot: Shoot<keyof S & string>): Promise<void>;
}

/** Checks that a reel takes the scenes that it names, and no others. */
export const reel = <S extends Scenes>(made: Reel<S>): Reel<S> => made;

export const WORDS_WITHIN = { timeout: 90_000 };
const DAY_MS = 86_400_000;

export const files = (page: Page) => page.locator("section[aria-label=Record] input[type=file]");
export const card = (page: Page, state: string) => page.locator(`[data-testid=sync-status-card][data-state=${state}]`);

const UPLOADS = /\/v1\/uploads|\/v2\/sync-local-files|\/v2\/uploads/;

/** A minute apart, of a device each, so that each goes up by itself, the first one first; one frame of 20 ms, no two alike. */
function recordings(count: number): { name: string; mimeType: string; buffer: Buffer }[] {
  const newest = Math.floor((Date.now() - DAY_MS) / 1_000);
  return Array.from({ length: count }, (_, i) => ({
    name: `audio_phone${i}_opus_fs320_16000_1_fs320_${newest - i * 60}.bin`,
    mimeType: "application/octet-stream",
    buffer: Buffer.concat([Buffer.from([80, 0, 0, 0, 0xb8]), Buffer.alloc(79, i)]),
  }));
}

/** Adds recordings while uploads and questions about them are answered like this, and goes to the page of recordings. */
export async function withUploads(page: Page, count: number, answer: (route: Route) => unknown): Promise<void> {
  await page.route(UPLOADS, async (route) => void (await answer(route)));
  await files(page).setInputFiles(recordings(count));
  await page.getByTestId("upload").first().waitFor();
  await page.getByTestId("sync-sign").click();
  await page.getByTestId("sync-status-card").waitFor();
}

export async function openSettings(page: Page, name?: RegExp): Promise<void> {
  await page.getByRole("link", { name: "Settings", exact: true }).first().click();
  if (name !== undefined) await page.getByRole("navigation", { name: "Settings" }).getByRole("link", { name }).click();
}
