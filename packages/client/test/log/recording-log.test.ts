/** The recording log over a disk in memory: capture, the live path, the sync engine's side, accounts, room and files. */
import { readFrames } from "@holdfast/contract";
import { MemoryDisk } from "@holdfast/testkit/log";
import { describe, expect, it } from "vitest";
import type { CaptureSession, RecordingLogEvent } from "../../src/index.ts";
import { ManualClock } from "../manual-clock.ts";
import { framesIn, openLog } from "./log-of.ts";
import { FRAME_MS, frameOf, numberOf, OPUS } from "./recordings.ts";

async function capture(session: CaptureSession, clock: ManualClock, from: number, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    await clock.advance(FRAME_MS);
    session.append(frameOf(from + i));
  }
  await session.flush();
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);
const types = (events: readonly RecordingLogEvent[]): string[] => events.map(({ type }) => type);

describe("a capture session", () => {
  it("shows its recording while it is written, and seals it to the last frame", async () => {
    const disk = new MemoryDisk();
    const { log, clock, events } = await openLog(disk);
    const startMs = clock.now();
    const session = await log.begin(OPUS);
    await capture(session, clock, 0, 5);
    const id = `${session.id}-0`;
    expect(log.recordings.get(id)).toMatchObject({
      status: "in_progress",
      frames: 5,
      durationMs: 100,
      startedAtMs: startMs,
    });
    await session.close();
    expect(log.recordings.get(id)).toMatchObject({ status: "miss", frames: 5, delivered: 0 });
    expect(types(events)).toEqual(expect.arrayContaining(["recording_added", "captured", "recording_changed"]));
    expect(() => session.append(frameOf(9))).toThrow(expect.objectContaining({ code: "session_sealed" }));
    await log.close();
    const again = await openLog(disk);
    expect(again.log.recordings.get(id)).toMatchObject({ status: "miss", frames: 5, deviceModel: "test" });
  });

  it("cuts at a minute, after a pause, and at a change of format, and numbers its frames through", async () => {
    const { log, clock } = await openLog(new MemoryDisk());
    const session = await log.begin(OPUS);
    await capture(session, clock, 0, 3_001);
    await clock.advance(5_000);
    await capture(session, clock, 3_001, 2);
    session.setFormat({ ...OPUS, codec: "opus", frameSamples: 160 });
    await capture(session, clock, 3_003, 1);
    await session.close();
    const list = [...log.recordings.values()];
    expect(list.map(({ firstSequence, frames, codec }) => [firstSequence, frames, codec])).toEqual([
      [0, 3_000, "opus_fs320"],
      [3_000, 1, "opus_fs320"],
      [3_001, 2, "opus_fs320"],
      [3_003, 1, "opus"],
    ]);
    const [first, second, third] = list.map(({ startedAtMs }) => startedAtMs);
    expect((second ?? 0) - (first ?? 0)).toBe(60_000);
    expect((third ?? 0) - (second ?? 0)).toBe(5_020);
    expect(await framesIn(log)).toEqual(range(0, 3_004));
  });

  it("begins with no two recordings of a device at the same moment", async () => {
    const { log, clock } = await openLog(new MemoryDisk());
    for (const device of ["Phone Mic", "phone-mic", "other"]) {
      const session = await log.begin({ ...OPUS, device });
      session.append(frameOf(0), clock.now());
      await session.close();
    }
    const names = await Promise.all([...log.recordings.keys()].map(async (id) => (await log.content(id)).name));
    expect(new Set(names).size).toBe(3);
    expect(names[2]).toBe(names[0]?.replace("phonemic", "other"));
  });

  it("refuses frames that no file could hold, and a session id that is none or was used", async () => {
    const { log } = await openLog(new MemoryDisk());
    const session = await log.begin(OPUS);
    expect(() => session.append(new Uint8Array(0))).toThrow(expect.objectContaining({ code: "invalid_frame" }));
    expect(() => session.append(new Uint8Array(65_537))).toThrow(expect.objectContaining({ code: "invalid_frame" }));
    session.append(frameOf(0));
    await session.close();
    await expect(log.begin({ ...OPUS, sessionId: session.id })).rejects.toMatchObject({ code: "invalid_session" });
    await expect(log.begin({ ...OPUS, sessionId: "../x" })).rejects.toMatchObject({ code: "invalid_session" });
  });
});

describe("the live path", () => {
  it("sees a message only when it is written, and is told", async () => {
    const disk = new MemoryDisk();
    const { log, clock } = await openLog(disk);
    const session = await log.begin(OPUS);
    let told = 0;
    session.messages.onReadable(() => (told += 1));
    session.messages.append(frameOf(0));
    expect([session.messages.end, session.messages.read(0)]).toEqual([0, undefined]);
    await session.flush();
    expect([session.messages.end, told]).toEqual([1, 1]);
    expect(session.messages.read(0)).toEqual(frameOf(0));
    await capture(session, clock, 1, 3);
    session.messages.release(2);
    expect([session.messages.start, session.messages.read(1), session.messages.end]).toEqual([2, undefined, 4]);
    expect(session.messages.bytes).toBe(frameOf(2).length + frameOf(3).length);
    session.messages.release(99);
    expect([session.messages.start, session.messages.bytes]).toEqual([4, 0]);
  });

  it("leaves out of the upload what was acknowledged, and moves the start by it", async () => {
    const disk = new MemoryDisk();
    const { log, clock } = await openLog(disk);
    const session = await log.begin(OPUS);
    const startMs = clock.now();
    await capture(session, clock, 0, 10);
    session.acknowledge(4);
    await session.close();
    const id = `${session.id}-0`;
    await log.close();
    const again = (await openLog(disk)).log;
    expect(again.recordings.get(id)).toMatchObject({ status: "miss", delivered: 4 });
    const { name, content } = await again.content(id);
    expect(name).toBe(`audio_phonemic_opus_fs320_16000_1_fs320_${(startMs + 80) / 1000}.bin`);
    expect(readFrames(new Uint8Array(await content.arrayBuffer())).frames.map(numberOf)).toEqual(range(4, 10));
    expect(readFrames(new Uint8Array(await (await again.export(id)).content.arrayBuffer())).frames).toHaveLength(10);
  });

  it("knows after a crash what was acknowledged some seconds before", async () => {
    const disk = new MemoryDisk();
    const { log, clock } = await openLog(disk);
    const session = await log.begin(OPUS);
    await capture(session, clock, 0, 10);
    session.acknowledge(6);
    await clock.advance(2_000);
    disk.kill();
    expect((await openLog(disk)).log.recordings.get(`${session.id}-0`)).toMatchObject({ status: "miss", delivered: 6 });
  });

  it("makes a recording synced when every frame of it is acknowledged, before or after it is sealed", async () => {
    const { log, clock } = await openLog(new MemoryDisk());
    const session = await log.begin(OPUS);
    await capture(session, clock, 0, 3);
    session.acknowledge(3);
    await session.cut();
    await capture(session, clock, 3, 3);
    await session.seal();
    expect([...log.recordings.values()].map(({ status }) => status)).toEqual(["synced", "miss"]);
    session.acknowledge(6);
    expect([...log.recordings.values()].map(({ status, syncedAtMs }) => [status, syncedAtMs])).toEqual([
      ["synced", 0],
      ["synced", 0],
    ]);
  });

  it("holds only some minutes in memory and reads the rest from the files, in order", async () => {
    const { log, clock } = await openLog(new MemoryDisk());
    const session = await log.begin(OPUS);
    for (let cut = 0; cut < 12; cut++) {
      await capture(session, clock, cut * 5, 5);
      await session.cut();
    }
    const heard: number[] = [];
    let missed = 0;
    while (heard.length < 60) {
      const message = session.messages.read(heard.length);
      if (message !== undefined) {
        heard.push(numberOf(message));
        continue;
      }
      missed += 1;
      await new Promise<void>((resolve) => {
        const off = session.messages.onReadable(() => {
          off();
          resolve();
        });
      });
    }
    expect(heard).toEqual(range(0, 60));
    expect(missed).toBe(8);
  });

  it("keeps what it may still have to send, and what is being written", async () => {
    const { log, clock } = await openLog(new MemoryDisk());
    const session = await log.begin(OPUS);
    await capture(session, clock, 0, 3);
    await session.cut();
    await capture(session, clock, 3, 3);
    const ids = [`${session.id}-0`, `${session.id}-3`];
    await log.remove(ids);
    expect([...log.recordings.keys()]).toEqual(ids);
    session.acknowledge(3);
    await log.remove(ids);
    expect([...log.recordings.keys()]).toEqual(ids.slice(1));
    await session.close();
    await log.remove(ids);
    expect(log.recordings.size).toBe(0);
  });
});

describe("a store that takes nothing", () => {
  it("holds frames back, tells, and writes them when it can", async () => {
    const disk = new MemoryDisk();
    const { log, clock, events } = await openLog(disk);
    const session = await log.begin(OPUS);
    await capture(session, clock, 0, 2);
    disk.fail(["write"], true);
    session.append(frameOf(2));
    await expect(session.flush()).rejects.toMatchObject({ code: "storage_full" });
    session.append(frameOf(3));
    await clock.advance(1_500);
    expect(events.filter(({ type }) => type === "capture_stalled")).toHaveLength(1);
    expect(session.messages.end).toBe(2);
    disk.fail();
    await clock.advance(1_000);
    expect(types(events)).toContain("capture_resumed");
    expect(session.messages.end).toBe(4);
    await session.close();
    expect(await framesIn(log)).toEqual(range(0, 4));
  });

  it("loses no more than memory cannot hold, tells how much, and begins a new file after the hole", async () => {
    const disk = new MemoryDisk();
    const { log, clock, events } = await openLog(disk, { maxHeldFrames: 3 });
    const session = await log.begin(OPUS);
    await capture(session, clock, 0, 1);
    disk.fail(["write"], true);
    for (let i = 1; i < 8; i++) session.append(frameOf(i));
    await clock.advance(1_000);
    expect(events.find(({ type }) => type === "frames_lost")).toMatchObject({ lostFrames: 1 });
    expect(events.findLast(({ type }) => type === "frames_lost")).toMatchObject({ lostFrames: 4 });
    disk.fail();
    await clock.advance(1_000);
    await capture(session, clock, 8, 2);
    await session.close();
    expect(session.lostFrames).toBe(4);
    expect(await framesIn(log)).toEqual([0, 1, 2, 3, 8, 9]);
    expect([...log.recordings.values()].map(({ firstSequence, frames }) => [firstSequence, frames])).toEqual([
      [0, 4],
      [4, 2],
    ]);
  });

  it("keeps what is written when the end cannot be, and says how much was lost", async () => {
    const disk = new MemoryDisk();
    const { log, clock, events } = await openLog(disk);
    const session = await log.begin(OPUS);
    await capture(session, clock, 0, 4);
    disk.fail(["write"], true);
    session.append(frameOf(4));
    await expect(session.seal()).rejects.toMatchObject({ code: "storage_full" });
    await session.close();
    expect(events.findLast(({ type }) => type === "frames_lost")).toMatchObject({ lostFrames: 1 });
    disk.kill();
    disk.fail();
    expect(await framesIn((await openLog(disk)).log)).toEqual(range(0, 4));
  });

  it("repairs a write that was cut short by a full disk", async () => {
    const disk = new MemoryDisk();
    const { log, clock } = await openLog(disk);
    const session = await log.begin(OPUS);
    await capture(session, clock, 0, 2);
    disk.capacityBytes = disk.names().reduce((sum, name) => sum + (disk.peek(name)?.length ?? 0), 0) + 5;
    session.append(frameOf(2));
    await expect(session.flush()).rejects.toMatchObject({ code: "storage_full" });
    disk.capacityBytes = Number.POSITIVE_INFINITY;
    await clock.advance(1_000);
    await session.close();
    expect(await framesIn(log)).toEqual(range(0, 3));
  });
});

describe("room", () => {
  const MIB = 1_048_576;

  it.each([
    ["enough", 2_000 * MIB, []],
    ["little", 700 * MIB, ["space_low"]],
    ["unknown", null, ["space_unknown"]],
  ])("%s: recording begins", async (_what, freeBytes, told) => {
    const disk = new MemoryDisk();
    const { log, events } = await openLog(disk, { reserveBytes: 512 * MIB });
    disk.knownFreeBytes = freeBytes;
    await using _session = await log.begin(OPUS);
    expect(types(events)).toEqual(told);
  });

  it("too little: recording and imports are refused, what is recorded goes on and is warned about", async () => {
    const disk = new MemoryDisk();
    const { log, clock, events } = await openLog(disk, { reserveBytes: 512 * MIB });
    disk.knownFreeBytes = 2_000 * MIB;
    const session = await log.begin(OPUS);
    disk.knownFreeBytes = 500 * MIB;
    await clock.advance(30_000);
    expect(types(events)).toEqual(["space_low"]);
    await expect(log.begin(OPUS)).rejects.toMatchObject({ code: "storage_full", class: "capacity" });
    await expect(log.importSound("a.wav", new Blob(["x"]), 1)).rejects.toMatchObject({ code: "storage_full" });
    expect(types(events).slice(1)).toEqual(["space_refused", "space_refused"]);
    await capture(session, clock, 0, 2);
    await session.close();
    expect(await framesIn(log)).toEqual([0, 1]);
  });
});

describe("the index of the log", () => {
  it("steps recordings, keeps the outcome, and passes over what it does not know", async () => {
    const disk = new MemoryDisk();
    const { log, clock, events } = await openLog(disk);
    const session = await log.begin(OPUS);
    await capture(session, clock, 0, 1);
    await session.close();
    const id = `${session.id}-0`;
    events.length = 0;
    await log.apply([
      ["nobody", { type: "delivered" }],
      [id, { type: "accepted", jobId: "j", nowMs: 5 }],
      [id, { type: "finished", nowMs: 6 }],
    ]);
    await log.stamp([id, "nobody"], "c1");
    await log.stamp([id], "c2");
    await log.setNote("k", "v");
    await log.setNote("gone", "v");
    await log.setNote("gone", null);
    expect(types(events)).toEqual([
      "recording_changed",
      "recording_changed",
      "note_changed",
      "note_changed",
      "note_changed",
    ]);
    disk.kill();
    const again = (await openLog(disk)).log;
    expect(again.recordings.get(id)).toMatchObject({ status: "synced", syncedAtMs: 6, conversationId: "c1" });
    expect([again.note("k"), again.note("gone")]).toEqual(["v", null]);
  });

  it("parks what other accounts made: kept, sealed, never shown, never changed", async () => {
    const disk = new MemoryDisk();
    const first = await openLog(disk, { owner: "anna" });
    const session = await first.log.begin(OPUS);
    await capture(session, first.clock, 0, 2);
    await first.log.setNote("k", "anna's");
    disk.kill();
    const other = await openLog(disk, { owner: "bert" });
    const id = `${session.id}-0`;
    expect([other.log.recordings.size, other.log.note("k")]).toEqual([0, null]);
    expect(other.log.recovery).toMatchObject({ parked: 1, recordings: 0 });
    await other.log.apply([[id, { type: "finished", nowMs: 1 }]]);
    await other.log.remove([id]);
    await expect(other.log.content(id)).rejects.toMatchObject({ code: "file_missing" });
    await other.log.close();
    const again = await openLog(disk, { owner: "anna" });
    expect(again.log.recordings.get(id)).toMatchObject({ status: "miss", frames: 2 });
    expect(again.log.note("k")).toBe("anna's");
  });

  it("finds recordings again whose index is gone as a whole", async () => {
    const disk = new MemoryDisk();
    const { log, clock } = await openLog(disk);
    const session = await log.begin(OPUS);
    await capture(session, clock, 0, 4);
    await session.close();
    const { recording } = await log.importSound("a.wav", new Blob(["RIFF"]), 7);
    await log.close();
    for (const name of disk.names()) if (name.endsWith(".journal")) disk.delete(name);
    disk.poke("strange.seg", new Uint8Array([1, 2, 3]));
    const again = await openLog(disk);
    expect(again.log.recovery.adopted).toHaveLength(2);
    expect(again.log.recovery.unreadable).toEqual(["strange.seg"]);
    expect(disk.names()).toContain("strange.seg");
    expect(await framesIn(again.log)).toEqual(range(0, 4));
    expect(await (await again.log.content(recording.id)).content.text()).toBe("RIFF");
  });

  it("looks for lost recordings afterwards where listing takes long, beside what is recorded", async () => {
    const disk = new MemoryDisk();
    disk.listsQuickly = false;
    const { log, clock } = await openLog(disk);
    const lost = await log.begin(OPUS);
    await capture(lost, clock, 0, 4);
    await lost.close();
    await log.close();
    for (const name of disk.names()) if (name.endsWith(".journal")) disk.delete(name);
    const again = await openLog(disk);
    expect(again.log.recordings.size).toBe(0);
    const now = await again.log.begin({ ...OPUS, sessionId: "00000000-0000-4000-8000-00000000000f" });
    now.append(frameOf(0));
    await again.log.searched;
    await now.flush();
    expect(again.log.recovery.adopted).toEqual([`${lost.id}-0`]);
    expect([...again.log.recordings.values()].map(({ status }) => status).sort()).toEqual(["in_progress", "miss"]);
    expect(types(again.events)).toContain("recording_added");
    await now.close();
  });

  it("cuts a torn tail off, says so, and never reads it as sound", async () => {
    const disk = new MemoryDisk();
    const { log, clock } = await openLog(disk);
    const session = await log.begin(OPUS);
    await capture(session, clock, 0, 4);
    disk.kill();
    const file = `${session.id}-0.seg`;
    const torn = (disk.peek(file) ?? new Uint8Array(0)).slice(0, -2);
    disk.poke(file, torn);
    const again = await openLog(disk);
    expect(await framesIn(again.log)).toEqual(range(0, 3));
    expect(again.log.recovery.dropped).toEqual([{ file, bytes: 12 + frameOf(3).length - 2 }]);
    expect(disk.peek(file)?.length).toBe(again.log.recordings.get(`${session.id}-0`)?.bytes);
  });

  it("says which recordings lost their bytes", async () => {
    const disk = new MemoryDisk();
    const { log, clock } = await openLog(disk);
    const session = await log.begin(OPUS);
    await capture(session, clock, 0, 1);
    await session.close();
    await log.close();
    disk.delete(`${session.id}-0.seg`);
    const again = await openLog(disk);
    expect(again.log.recovery.missing).toEqual([`${session.id}-0`]);
    expect(again.log.recordings.get(`${session.id}-0`)?.status).toBe("corrupted");
  });

  it("keeps a recording whose bytes cannot be removed", async () => {
    const disk = new MemoryDisk();
    const { log, clock, events } = await openLog(disk);
    const session = await log.begin(OPUS);
    await capture(session, clock, 0, 1);
    await session.close();
    disk.fail(["remove"]);
    await log.remove([`${session.id}-0`]);
    expect(types(events)).toContain("storage_problem");
    expect(await framesIn(log)).toEqual([0]);
    disk.fail();
    await log.remove([`${session.id}-0`]);
    expect(disk.names().filter((name) => name.endsWith(".seg"))).toEqual([]);
    expect(types(events).at(-1)).toBe("recording_removed");
  });

  it("removes old copies of what the server confirmed, and nothing else", async () => {
    const clock = new ManualClock();
    const { log, events } = await openLog(new MemoryDisk(), { clock });
    const session = await log.begin(OPUS);
    for (const cut of range(0, 4)) {
      await capture(session, clock, cut, 1);
      await session.cut();
    }
    session.acknowledge(1);
    await session.close();
    const now = clock.now();
    const [, old, young] = [...log.recordings.keys()];
    await log.apply([
      [old ?? "", { type: "finished", nowMs: now - 8 * 86_400_000 }],
      [young ?? "", { type: "finished", nowMs: now - 6 * 86_400_000 }],
    ]);
    await log.removeConfirmed(7);
    expect([...log.recordings.values()].map(({ status, syncedAtMs }) => [status, syncedAtMs > 0])).toEqual([
      ["synced", false],
      ["synced", true],
      ["miss", false],
    ]);
    expect(events.at(-1)).toEqual({ type: "copies_removed", days: 7, ids: [old] });
  });

  it("belongs to one owner at a time, and lets go when it is closed or cannot be opened", async () => {
    const disk = new MemoryDisk();
    const { log } = await openLog(disk);
    await expect(openLog(disk)).rejects.toMatchObject({ code: "log_in_use" });
    await log.close();
    await log.close();
    disk.fail(["write"]);
    disk.poke("index-00000001.journal", new Uint8Array(3));
    await expect(openLog(disk)).rejects.toMatchObject({ code: "storage_failed" });
    disk.fail();
    await (await openLog(disk)).log.close();
  });
});
