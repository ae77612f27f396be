/** The recording log in a folder: how long a frame takes until it is written, and a log of many recordings until it is open. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { RecordingLog } from "@holdfast/client";
import { openFileStore } from "@holdfast/client/node";
import { systemClock, systemRandom } from "@holdfast/runtime";
import { Delays, line, ms, spread } from "../pipeline/figures.ts";

const FORMAT = { device: "bench", codec: "opus_fs320", sampleRate: 16_000, channels: 1, frameSamples: 320 } as const;
const FRAME_MS = 20;
const FRAME_BYTES = 160;

async function openLog(folder: string): Promise<RecordingLog> {
  return await RecordingLog.open({
    store: await openFileStore(folder, crypto.randomUUID()),
    owner: "bench",
    clock: systemClock,
    random: systemRandom,
  });
}

async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-bench-log-"));
  try {
    await work(join(folder, "log"));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** In the pace of sound, with the syncs that belong to it. */
export async function measureAppend(frames: number): Promise<void> {
  await inFolder(async (folder) => {
    await using log = await openLog(folder);
    await using session = await log.begin(FORMAT);
    const delays = new Delays();
    for (let sequence = 0; sequence < frames; sequence++) {
      await new Promise((resolve) => setTimeout(resolve, FRAME_MS));
      const began = performance.now();
      session.append(new Uint8Array(FRAME_BYTES).fill(sequence));
      await session.flush();
      delays.add(performance.now() - began);
    }
    console.log(line("a frame until it is written, files", spread(delays.summary()), "p99 under 1 ms"));
  });
}

export async function measureRecovery(recordings: number): Promise<void> {
  await inFolder(async (folder) => {
    await fill(folder, recordings);
    const times: number[] = [];
    for (let round = 0; round < 5; round++) {
      const began = performance.now();
      await using log = await openLog(folder);
      times.push(performance.now() - began);
      if (log.recordings.size !== recordings) throw new Error(`${log.recordings.size} recordings were recovered`);
    }
    const all = times.map(ms).join(", ");
    console.log(line(`a log of ${recordings} recordings until it is open`, all, "under 1000 ms"));
  });
}

/** One recording is captured; the rest are its entry under other names, with a file each. */
async function fill(folder: string, count: number): Promise<void> {
  const log = await openLog(folder);
  const session = await log.begin(FORMAT);
  session.append(new Uint8Array(FRAME_BYTES));
  await session.close();
  const entry = [...log.recordings.values()][0];
  await log.close();
  await using opened = await openFileStore(folder, crypto.randomUUID());
  const journal = (await opened.store.list()).find((name) => name.endsWith(".journal")) ?? "";
  let at = (await opened.store.read(journal, 0, Number.POSITIVE_INFINITY)).length;
  for (let from = 1; from < count; from += 64) {
    const puts = Array.from({ length: Math.min(64, count - from) }, () => {
      const id = crypto.randomUUID();
      return { put: { ...entry, id, file: `${id}.seg` } };
    });
    for (const { put } of puts) await writeFile(join(folder, put.file), "");
    const body = JSON.stringify(puts);
    const bytes = new TextEncoder().encode(`${crc32(body).toString(16).padStart(8, "0")} ${body}\n`);
    await opened.store.write(journal, at, bytes);
    at += bytes.length;
  }
}
