/**
 * Takes the pictures of docs/screens: `npm run screens -w apps/web`, with names of scenes to take the reels of only those. Run it
 * again whenever the page changes its looks, and look at what it took.
 */
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { JFK_WAV } from "../holdfast.ts";
import { Stage } from "../stage.ts";
import { Camera, SIZES } from "./camera.ts";
import { CHAPTERS, gallery } from "./gallery.ts";
import type { Reel } from "./reel.ts";

const FOLDER = fileURLToPath(new URL("../../../../docs/screens/", import.meta.url));

const wanted = process.argv.slice(2);
const reels = CHAPTERS.flatMap((chapter) => chapter.reels).filter(
  ({ scenes }) => wanted.length === 0 || wanted.some((name) => name in scenes),
);

async function shoot(stage: Stage, { scenes, options, isSignedOut = false, run }: Reel): Promise<void> {
  const started = Date.now();
  const opened = { viewport: SIZES.desktop, ...options };
  await using watched = isSignedOut ? await stage.page(opened) : await stage.signedIn(opened);
  // Trouble is what many of them are about; the browser tests look at faults.
  watched.expectFaults(/./);
  const { page } = watched;
  await using camera = await Camera.before(page, stage.holdfast.origin, FOLDER);
  if (!isSignedOut) await camera.loadLanguages();
  await run({ stage, page, take: (scene) => camera.take(scene) });
  console.log(`${Object.keys(scenes).join(", ")}: ${Math.round((Date.now() - started) / 1_000)} s`);
}

if (wanted.length === 0) await rm(FOLDER, { recursive: true, force: true });
await mkdir(FOLDER, { recursive: true });
await using stage = await Stage.open({ wav: JFK_WAV });
for (const each of reels) await shoot(stage, each);
await writeFile(join(FOLDER, "README.md"), gallery());
console.log(`pictures are in ${FOLDER}`);
