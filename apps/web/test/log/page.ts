/** A page that keeps a recording log in the browser's own storage, and does what the test beside it asks. */
import {
  type CaptureSession,
  systemClock as clock,
  type OpenStore,
  openIndexedDbStore,
  openOpfsStore,
  RecordingLog,
  systemRandom as random,
} from "@holdfast/client";
import { LOG_STORE_CONTRACT } from "@holdfast/testkit/log";
import { appendTimes, frameOf } from "./append-times.ts";

export type StoreKind = "opfs" | "indexeddb";

async function openStore(kind: StoreKind, name: string): Promise<OpenStore> {
  const { locks, storage } = navigator;
  if (kind === "indexeddb") {
    return await openIndexedDbStore({ name, indexedDb: indexedDB, keyRanges: IDBKeyRange, locks, storage, clock });
  }
  const startWorker = (): Worker => new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
  return await openOpfsStore({ folder: name, startWorker, locks, storage, clock });
}

let log: RecordingLog | undefined;
let session: CaptureSession | undefined;
let spoken = 0;

const logPage = {
  /** Frames that would survive the end of the page. */
  written: 0,

  async contract(kind: StoreKind): Promise<[name: string, failure: string | null][]> {
    const results: [string, string | null][] = [];
    for (const { name, run } of LOG_STORE_CONTRACT) {
      const place = crypto.randomUUID();
      try {
        await run({ open: () => openStore(kind, place) });
        results.push([name, null]);
      } catch (error) {
        results.push([name, String(error)]);
      }
    }
    return results;
  },

  /** What opening throws, or null. */
  async open(kind: StoreKind, name: string, owner = "anna"): Promise<string | null> {
    try {
      const store = await openStore(kind, name);
      log = await RecordingLog.open({ store, owner, clock, random });
      log.on((event) => {
        if (event.type === "captured") logPage.written = event.frames;
        if (event.type === "capture_stalled") logPage.heard.push(event.error.code);
        if (event.type === "capture_resumed" || event.type === "frames_lost") logPage.heard.push(event.type);
      });
      return null;
    } catch (error) {
      return error instanceof Error && "code" in error ? String(error.code) : String(error);
    }
  },

  async close(): Promise<void> {
    await log?.close();
  },

  /** Records without end. */
  async record(): Promise<void> {
    session = await log?.begin({ device: "page", codec: "opus", sampleRate: 16_000, channels: 1, frameSamples: 160 });
    for (let sequence = 0; ; sequence++) {
      session?.append(frameOf(sequence));
      await session?.flush();
      logPage.written = sequence + 1;
      if (sequence % 100 === 99) await session?.cut();
    }
  },

  /** What the log said of its storage since it was opened. */
  heard: [] as string[],

  /** Captures so many large frames, each a millisecond behind the one before, whether they can be written or not. */
  async speak(count: number): Promise<void> {
    session ??= await log?.begin({ device: "page", codec: "opus", sampleRate: 16_000, channels: 1, frameSamples: 160 });
    for (let i = 0; i < count; i++) {
      const frame = new Uint8Array(4_000);
      frame.set(frameOf(spoken++));
      session?.append(frame);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  },

  async seal(): Promise<void> {
    await session?.seal();
  },

  /** States of all recordings, and the numbers of their frames in order. */
  async held(): Promise<{ statuses: string[]; frames: number[]; sealed: number }> {
    const list = [...(log?.recordings.values() ?? [])].sort((a, b) => a.firstSequence - b.firstSequence);
    const frames: number[] = [];
    for (const { id } of list) {
      const bytes = await (await log?.export(id))?.content.arrayBuffer();
      if (bytes === undefined) continue;
      const view = new DataView(bytes);
      for (let at = 0; at < bytes.byteLength; at += 4 + view.getUint32(at, true))
        frames.push(view.getUint32(at + 4, true));
    }
    return { statuses: list.map(({ status }) => status), frames, sealed: log?.recovery.sealed.length ?? 0 };
  },

  /** See `appendTimes`. */
  async appendTimes(count: number): Promise<number[]> {
    return log === undefined ? [] : await appendTimes(log, count);
  },

  /** The same by a program that lives in a worker, and keeps the log there. */
  async appendTimesInWorker(count: number): Promise<number[]> {
    const worker = new Worker(new URL("./recording-worker.ts", import.meta.url), { type: "module" });
    try {
      return await new Promise((resolve, reject) => {
        worker.onmessage = ({ data }: { data: number[] }) => resolve(data);
        worker.onerror = ({ message }) => reject(new Error(message));
        worker.postMessage(count);
      });
    } finally {
      worker.terminate();
    }
  },

  fill,

  /** Makes a log of so many recordings; resolves with the milliseconds that opening it takes. */
  async recoveryTime(kind: StoreKind, count: number): Promise<number> {
    const name = crypto.randomUUID();
    await fill(kind, name, { owner: "anna", count, apartMs: 1, fields: {} });
    const began = performance.now();
    const failure = await logPage.open(kind, name);
    const took = performance.now() - began;
    if (failure !== null || log?.recordings.size !== count) throw new Error(`recovered wrongly: ${failure}`);
    await log.close();
    return took;
  },
};

interface Filling {
  readonly owner: string;
  readonly count: number;
  /** Between two recordings. */
  readonly apartMs: number;
  /** What the copies have of their own. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/** One recording is captured, and the rest are copies of its entry and its file under other names. */
async function fill(kind: StoreKind, name: string, { owner, count, apartMs, fields }: Filling): Promise<void> {
  await logPage.open(kind, name, owner);
  const first = await log?.begin({ device: "fill", codec: "opus", sampleRate: 16_000, channels: 1, frameSamples: 320 });
  first?.append(frameOf(0));
  await first?.close();
  const entry = [...(log?.recordings.values() ?? [])][0];
  await log?.close();
  if (entry === undefined) throw new Error("nothing was recorded");
  await using opened = await openStore(kind, name);
  const { store } = opened;
  const header = new TextDecoder().decode(await store.read(entry.file, 0, 4096));
  if (!header.includes(entry.id)) throw new Error("the file does not know its name");
  const puts = Array.from({ length: count - 1 }, (_, i) => {
    const id = crypto.randomUUID();
    return { put: { ...entry, id, file: `${id}.seg`, startedAtMs: entry.startedAtMs - (i + 1) * apartMs, ...fields } };
  });
  for (const { put } of puts) await store.write(put.file, 0, new Uint8Array([1]));
  const journal = (await store.list()).find((each) => each.endsWith(".journal")) ?? "";
  let at = (await store.read(journal, 0, Number.POSITIVE_INFINITY)).length;
  for (let from = 0; from < puts.length; from += 64) {
    const line = lineOf(puts.slice(from, from + 64));
    await store.write(journal, at, line);
    at += line.length;
  }
}

/** A line of the index: its checksum, and JSON. */
function lineOf(value: unknown): Uint8Array {
  const body = new TextEncoder().encode(JSON.stringify(value));
  let crc = 0xff_ff_ff_ff;
  for (const byte of body) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >>> 1) ^ 0xed_b8_83_20 : crc >>> 1;
  }
  const checksum = ((crc ^ 0xff_ff_ff_ff) >>> 0).toString(16).padStart(8, "0");
  return new TextEncoder().encode(`${checksum} ${new TextDecoder().decode(body)}\n`);
}

export type LogPage = typeof logPage;

declare global {
  interface Window {
    logPage: LogPage;
  }
}

window.logPage = logPage;
