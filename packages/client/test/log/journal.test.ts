/** The index: whatever is cut off or broken, what is read was true at some moment, and a wrong generation has a good one behind it. */
import { MemoryDisk } from "@holdfast/testkit/log";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { concat } from "../../src/log/bytes.ts";
import { GroupSync } from "../../src/log/group-sync.ts";
import { applyChange, type Change, emptyIndex, type IndexState, snapshotOf } from "../../src/log/index-state.ts";
import { Journal } from "../../src/log/journal.ts";
import { encodeChanges, encodeHead, encodeSnapshotEnd, JournalReader } from "../../src/log/journal-format.ts";
import { ManualClock } from "../manual-clock.ts";
import { recordingNamed } from "./recordings.ts";

const id = fc.constantFrom("a", "b", "c", "d");
const change: fc.Arbitrary<Change> = fc.oneof(
  id.map((name) => ({ put: recordingNamed(name) })),
  fc.record({ set: id, fields: fc.record({ frames: fc.nat(99) }) }),
  id.map((drop) => ({ drop })),
  fc.record({ note: id, value: fc.option(fc.string(), { nil: null }) }),
);
const lines = fc.array(fc.array(change, { minLength: 1, maxLength: 3 }), { maxLength: 8 });

function plain(state: IndexState): unknown {
  return { entries: [...state.entries].sort(), notes: [...state.notes].sort(), unknown: state.unknown };
}

/** The state after each line. */
function moments(all: readonly (readonly Change[])[]): unknown[] {
  const state = emptyIndex();
  const seen = [plain(state)];
  for (const changes of all) {
    for (const each of changes) applyChange(state, each);
    seen.push(plain(state));
  }
  return seen;
}

function read(bytes: Uint8Array, partBytes: number): JournalReader {
  const reader = new JournalReader();
  for (let at = 0; at < bytes.length; at += partBytes) reader.feed(bytes.subarray(at, at + partBytes));
  return reader;
}

async function openJournal(disk: MemoryDisk, clock = new ManualClock()): Promise<Journal> {
  const { store } = await disk.open();
  const failed = (error: unknown): never => {
    throw error;
  };
  const deps = { store, clock, sync: new GroupSync(store, clock, failed), applied: () => {}, failed };
  return await Journal.open(deps);
}

describe("a generation of the index", () => {
  it("cut off anywhere, gives a state that was true at some moment, and the newest that is whole", () => {
    fc.assert(
      fc.property(lines, fc.nat(), fc.integer({ min: 1, max: 50 }), (all, cut, partBytes) => {
        const head = concat([encodeHead(3), encodeSnapshotEnd()]);
        const parts = all.map(encodeChanges);
        const whole = concat([head, ...parts]);
        const bytes = whole.subarray(0, cut % (whole.length + 1));
        const reader = read(bytes, partBytes);
        expect(reader.hasSnapshot).toBe(bytes.length >= head.length);
        let kept = 0;
        for (let end = head.length + (parts[0]?.length ?? 0); kept < parts.length && end <= bytes.length; ) {
          kept += 1;
          end += parts[kept]?.length ?? 0;
        }
        expect(plain(reader.state)).toEqual(moments(all)[kept]);
        expect(reader.stopped).toBe(false);
      }),
    );
  });

  it("with one wrong byte, gives a state that was true at some moment", () => {
    fc.assert(
      fc.property(lines, fc.nat(), fc.integer({ min: 1, max: 255 }), (all, place, flip) => {
        const whole = concat([encodeHead(3), encodeSnapshotEnd(), ...all.map(encodeChanges)]);
        whole[place % whole.length] = (whole[place % whole.length] ?? 0) ^ flip;
        expect(moments(all)).toContainEqual(plain(read(whole, 64).state));
      }),
    );
  });

  it("is the same state when it is written as a snapshot, with what a newer version put into it", () => {
    const state = emptyIndex();
    applyChange(state, { put: { ...recordingNamed("a"), newer: { field: [1] } } as never });
    applyChange(state, { set: "a", fields: { frames: 5 } });
    applyChange(state, { note: "n", value: "v" });
    applyChange(state, { merge: ["x"] } as never);
    const bytes = concat([encodeHead(1), encodeChanges([...snapshotOf(state)]), encodeSnapshotEnd()]);
    const reader = read(bytes, 7);
    expect(plain(reader.state)).toEqual(plain(state));
    expect(reader.state.entries.get("a")).toMatchObject({ newer: { field: [1] }, frames: 5 });
    expect(reader.state.unknown).toEqual([{ merge: ["x"] }]);
  });
});

describe("the index on disk", () => {
  it("comes back after its process ended, change by change", async () => {
    const disk = new MemoryDisk();
    const journal = await openJournal(disk);
    await journal.change(() => [{ put: recordingNamed("a") }]);
    await journal.change(() => [{ note: "k", value: "v" }]);
    disk.kill();
    expect(plain((await openJournal(disk)).state)).toEqual(plain(journal.state));
  });

  it("writes what cannot wait within a second", async () => {
    const disk = new MemoryDisk();
    const clock = new ManualClock();
    const journal = await openJournal(disk, clock);
    journal.later([{ put: recordingNamed("a") }]);
    expect(journal.state.entries.has("a")).toBe(true);
    await clock.advance(1_000);
    disk.kill();
    expect((await openJournal(disk)).state.entries.has("a")).toBe(true);
  });

  it("does nothing where a change cannot be written, and goes on when it can", async () => {
    const disk = new MemoryDisk();
    const journal = await openJournal(disk);
    disk.fail(["write"], true);
    await expect(journal.change(() => [{ put: recordingNamed("a") }])).rejects.toMatchObject({ code: "storage_full" });
    expect(journal.state.entries.size).toBe(0);
    disk.fail();
    await journal.change(() => [{ put: recordingNamed("b") }]);
    disk.kill();
    expect([...(await openJournal(disk)).state.entries.keys()]).toEqual(["b"]);
  });

  it("falls back to the generation before, when the newest is torn or wrong, and keeps the good one", async () => {
    for (const broken of [
      (bytes: Uint8Array) => bytes.slice(0, 60),
      () => new TextEncoder().encode('{"version":1,"wals":{}}'),
      () => new Uint8Array(0),
    ]) {
      const disk = new MemoryDisk();
      const journal = await openJournal(disk);
      for (let i = 0; disk.names().length < 2; i++) {
        await journal.change(() => [
          { put: { ...recordingNamed("a"), frames: i } },
          { note: "k", value: "x".repeat(99_999) },
        ]);
        // A new generation has its turn before this.
        await journal.flush();
      }
      const before = plain(journal.state);
      const [good = "", newest = ""] = disk.names().sort();
      disk.kill();
      disk.poke(newest, broken(disk.peek(newest) ?? new Uint8Array(0)));
      const again = await openJournal(disk);
      expect(again.report.wrong).toEqual([newest]);
      expect(plain(again.state)).toEqual(before);
      expect(disk.names()).toContain(good);
      expect(disk.names()).not.toContain(newest);
      disk.kill();
      expect(plain((await openJournal(disk)).state)).toEqual(before);
    }
  });

  it("keeps two generations while it grows, and loses nothing when it dies in any of its writes", async () => {
    const rounds = 12;
    const grow = async (journal: Journal): Promise<void> => {
      for (let i = journal.state.entries.size; i < rounds; i++) {
        await journal.change(() => [{ put: recordingNamed(`r${i}`) }, { note: "k", value: "x".repeat(299_000) }]);
      }
    };
    const whole = new MemoryDisk();
    const journal = await openJournal(whole);
    await grow(journal);
    await journal.flush();
    expect(whole.names().filter((name) => name.endsWith(".journal"))).toHaveLength(2);
    for (let death = 1; death <= whole.changes; death++) {
      const disk = new MemoryDisk();
      disk.dieAt(death, (death % 4) / 4);
      let acknowledged = 0;
      const live = (async () => {
        const mine = await openJournal(disk);
        for (let i = 0; i < rounds; i++) {
          await mine.change(() => [{ put: recordingNamed(`r${i}`) }, { note: "k", value: "x".repeat(299_000) }]);
          acknowledged = i + 1;
        }
      })();
      await Promise.race([live, disk.death]);
      disk.kill();
      const again = await openJournal(disk);
      expect(again.state.entries.size).toBeGreaterThanOrEqual(acknowledged);
      expect(again.state.entries.size).toBeLessThanOrEqual(acknowledged + 1);
    }
  });
});
