/**
 * Takes the README's pictures of the page, from the real server with real speech: `npm run screenshots -w apps/web` writes
 * docs/images/{record,conversation,list}.png. Run it again whenever the page changes its looks.
 */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { JFK_WAV } from "./holdfast.ts";
import { Stage } from "./stage.ts";

const IMAGES = fileURLToPath(new URL("../../../docs/images/", import.meta.url));
const SIZE = { width: 1040, height: 780 };
const WORDS_WITHIN_MS = 60_000;

const picture = (page: Page, name: string): Promise<Buffer> => page.screenshot({ path: join(IMAGES, `${name}.png`) });

await mkdir(IMAGES, { recursive: true });
await using stage = await Stage.open({ wav: JFK_WAV });
await using watched = await stage.signedIn({ viewport: SIZE, deviceScaleFactor: 2, colorScheme: "light" });
const { page } = watched;
await page.setInputFiles("section[aria-label=Record] input[type=file]", JFK_WAV);
await page.getByRole("link", { name: "Open the conversation" }).waitFor({ timeout: WORDS_WITHIN_MS });
await page.getByRole("button", { name: /^Take .* off this list$/ }).click();

await page.getByRole("button", { name: "Record", exact: true }).click();
await page
  .getByTestId("live-segment")
  .filter({ hasText: /do for your country/i })
  .waitFor({ timeout: WORDS_WITHIN_MS });
await page.mouse.move(0, 0);
await picture(page, "record");

await page.getByRole("button", { name: "Stop recording" }).click();
await page.getByRole("heading", { name: "Summary" }).waitFor({ timeout: WORDS_WITHIN_MS });
await page.evaluate(() => (document.activeElement instanceof HTMLElement ? document.activeElement.blur() : undefined));
await picture(page, "conversation");

await page.getByRole("link", { name: "All conversations" }).click();
await page.getByTestId("conversation").nth(1).waitFor();
await picture(page, "list");
console.log(`pictures are in ${IMAGES}`);
