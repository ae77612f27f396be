/**
 * Uploads a folder: `.bin` recordings (with `wals.json`, if there is one) and ordinary sound files. It may be stopped at any
 * moment and started again: what is in the log goes on where it was.
 *
 *     HOLDFAST_URL=http://localhost:8787 HOLDFAST_TOKEN=… node examples/node/upload.ts <folder>
 */
import { openAsBlob } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import {
  browserConnect,
  explanationText,
  HoldfastClient,
  isHoldfastError,
  systemClock,
  systemRandom,
} from "@holdfast/client";
import { openFileStore } from "@holdfast/client/node";

const SOUND = /\.(?:wav|mp3|m4a|ogg|webm|flac)$/i;

const [folder] = process.argv.slice(2);
if (folder === undefined) {
  console.error("usage: node upload.ts <folder>");
  process.exit(2);
}

await using client = await HoldfastClient.open({
  server: process.env.HOLDFAST_URL ?? "http://localhost:8787",
  token: process.env.HOLDFAST_TOKEN ?? "",
  owner: "me",
  store: await openFileStore(process.env.HOLDFAST_LOG ?? "recordings", systemRandom.uuid()),
  connect: browserConnect((url) => new WebSocket(url)),
  fetch,
  clock: systemClock,
  random: systemRandom,
});

const names = await readdir(folder);
const blob = (name: string): Promise<Blob> => openAsBlob(join(folder, name));
if (names.includes("wals.json")) {
  const json = await readFile(join(folder, "wals.json"), "utf8");
  await client.log.importOmiIndex(json, async (name) => (names.includes(name) ? await blob(name) : null));
}
for (const name of names) {
  try {
    if (name.endsWith(".bin")) await client.log.importBin(name, await blob(name));
    else if (SOUND.test(name)) {
      const { mtimeMs } = await stat(join(folder, name));
      await client.log.importSound(name, await blob(name), Math.round(mtimeMs));
    }
  } catch (error) {
    if (!isHoldfastError(error)) throw error;
    console.error(`${name}: ${error.message}`);
  }
}

const settled = Promise.withResolvers<void>();
const look = (): void => {
  const { card, counts, signedOut } = client.sync.status;
  console.error(`${card.state}: ${counts.pending} to go, ${counts.synced} done`);
  if (counts.pending === 0 || signedOut !== null) settled.resolve();
};
client.sync.on((name) => {
  if (name === "changed") look();
});
client.start();
// Jobs of small recordings are done sooner than an engine in the background asks.
const asking = setInterval(() => client.sync.syncNow(), 2_000);
await settled.promise;
clearInterval(asking);

const time = (atMs: number): string => new Date(atMs).toLocaleTimeString();
for (const { id, originalName } of client.log.recordings.values()) {
  const why = client.sync.explain(id);
  console.log(`${originalName ?? id} ${why === null ? "" : explanationText(why, time)}`);
}
if (client.sync.status.counts.synced < client.log.recordings.size) process.exitCode = 1;
