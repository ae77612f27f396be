/**
 * A process that dies in any single call to its store, and a machine that loses power there: what was promised is there, once,
 * and opening it again changes nothing more.
 */
import { MemoryDisk } from "@holdfast/testkit/log";
import { describe, expect, it } from "vitest";
import type { Recording } from "../../src/index.ts";
import { framesIn, openLog } from "./log-of.ts";
import { frameOf, OPUS } from "./recordings.ts";

interface Promised {
  /** Frames whose `flush` resolved. */
  written: number;
  /** Frames of recordings whose sealing resolved. */
  sealed: number;
  appended: number;
  uploaded: string | undefined;
  note: string | undefined;
  imported: string | undefined;
  removing: string | undefined;
  removed: string | undefined;
}

const BIN = new Uint8Array([3, 0, 0, 0, 1, 2, 3, 2, 0, 0, 0, 4, 5]);
const BIN_NAME = "audio_pendant_opus_16000_1_fs160_1780000000.bin";

/** A day in the life of a log; it stops where its disk does. */
async function live(disk: MemoryDisk, promised: Promised): Promise<void> {
  const { log, clock } = await openLog(disk);
  const session = await log.begin(OPUS);
  const capture = async (frames: number): Promise<void> => {
    for (let i = 0; i < frames; i++) {
      session.append(frameOf(promised.appended));
      promised.appended += 1;
      await clock.advance(20);
      if (promised.appended % 3 !== 0) continue;
      await session.flush();
      promised.written = promised.appended;
    }
  };
  await capture(7);
  session.acknowledge(4);
  await clock.advance(2_500);
  await session.cut();
  promised.sealed = promised.appended;
  await capture(5);
  const first = `${session.id}-0`;
  await log.apply([[first, { type: "accepted", jobId: "job-1", nowMs: clock.now() }]]);
  promised.uploaded = "uploaded";
  await log.apply([[first, { type: "finished", nowMs: clock.now() }]]);
  promised.uploaded = "synced";
  await log.setNote("cooldown", "until later");
  promised.note = "until later";
  promised.imported = (await log.importBin(BIN_NAME, new Blob([BIN]))).recording.id;
  await capture(4);
  session.acknowledge(7);
  promised.removing = first;
  await log.remove([first]);
  promised.removed = first;
  await session.close();
  promised.sealed = promised.appended;
  await log.close();
}

function nothing(): Promised {
  return {
    written: 0,
    sealed: 0,
    appended: 0,
    uploaded: undefined,
    note: undefined,
    imported: undefined,
    removing: undefined,
    removed: undefined,
  };
}

async function until(disk: MemoryDisk): Promise<Promised> {
  const promised = nothing();
  await Promise.race([live(disk, promised), disk.death]);
  disk.kill();
  return promised;
}

const total = await (async () => {
  const disk = new MemoryDisk();
  await until(disk);
  return disk.changes;
})();

const statusOf = (list: ReadonlyMap<string, Recording>): unknown[] =>
  [...list.values()].map(({ id, status, frames, delivered }) => [id, status, frames, delivered]).sort();

/** The frames are a run without a hole or a repeat, up to one that may lie anywhere from `atLeast` on. */
function expectRun(frames: readonly number[], atLeast: number, { appended, removing, removed }: Promised): void {
  const first = frames[0] ?? (removing === undefined ? 0 : 7);
  expect([0, 7]).toContain(first);
  if (first === 7) expect(removing).toBeDefined();
  if (removed !== undefined) expect(first).toBe(7);
  expect(frames).toEqual(Array.from({ length: frames.length }, (_, i) => first + i));
  expect(first + frames.length).toBeGreaterThanOrEqual(atLeast);
  expect(first + frames.length).toBeLessThanOrEqual(appended);
}

describe("a log whose process dies", () => {
  it(`in any of its ${total} changes keeps every frame that was written, once`, async () => {
    expect(total).toBeGreaterThan(30);
    for (let death = 1; death <= total; death++) {
      for (const torn of [0, 0.5, 1]) {
        const disk = new MemoryDisk();
        disk.dieAt(death, torn);
        const promised = await until(disk);
        const where = `death ${death}, torn ${torn}`;
        const { log } = await openLog(disk);
        expectRun(await framesIn(log), promised.written, promised);
        expect(
          [...log.recordings.values()].map(({ status }) => status),
          where,
        ).not.toContain("corrupted");
        expect(
          [...log.recordings.values()].map(({ status }) => status),
          where,
        ).not.toContain("in_progress");
        const bins = [...log.recordings.values()].filter(({ sessionId }) => sessionId === null);
        expect(bins.length, where).toBeLessThanOrEqual(1);
        if (promised.imported !== undefined) expect(bins[0]?.id, where).toBe(promised.imported);
        if (promised.note !== undefined) expect(log.note("cooldown"), where).toBe(promised.note);
        const uploaded = [...log.recordings.values()].find(
          ({ firstSequence, sessionId }) => sessionId !== null && firstSequence === 0,
        );
        if (promised.uploaded === "synced" && promised.removing === undefined)
          expect(uploaded?.status, where).toBe("synced");
        if (promised.uploaded === "uploaded") expect(["uploaded", "synced"], where).toContain(uploaded?.status);
        if (promised.sealed >= 7 && uploaded !== undefined) expect([4, 7], where).toContain(uploaded.delivered);
        const settled = statusOf(log.recordings);
        disk.kill();
        const again = await openLog(disk);
        expect(statusOf(again.log.recordings), where).toEqual(settled);
        expect(again.log.recovery, where).toMatchObject({
          sealed: [],
          adopted: [],
          removed: [],
          missing: [],
          dropped: [],
        });
        await again.log.close();
      }
    }
  });
});

describe("a machine that loses power", () => {
  it("at any moment keeps every frame that was sealed, once, and never gives one that was not recorded", async () => {
    for (let death = 1; death <= total; death++) {
      for (let seed = 1; seed <= 10; seed++) {
        const disk = new MemoryDisk();
        disk.dieAt(death, 1);
        const promised = await until(disk);
        disk.cutPower(chance(death * 100 + seed));
        const { log } = await openLog(disk);
        expectRun(await framesIn(log), promised.sealed, promised);
        const settled = statusOf(log.recordings);
        await log.close();
        const again = await openLog(disk);
        expect(statusOf(again.log.recordings), `death ${death}, seed ${seed}`).toEqual(settled);
      }
    }
  });
});

/** The same numbers for the same seed. */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
