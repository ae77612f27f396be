/** Bounded buffers of a link against plain models: what is kept, what is dropped, and in which order it comes out. */
import { PUSHER, type Segment } from "@holdfast/contract";
import {
  type BufferedSound,
  DropOldest,
  samplesBuffer,
  soundBuffer,
  soundRuns,
  soundShare,
  wordRuns,
  wordsBuffer,
} from "@holdfast/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const sound = (fields: Partial<BufferedSound>): BufferedSound => ({
  conversationId: "c",
  startMs: 0,
  durationMs: 20,
  bytes: new Uint8Array(640),
  ...fields,
});

const segment = (id: string): Segment => ({
  id,
  text: id,
  speaker: null,
  speaker_id: 0,
  is_user: false,
  person_id: null,
  start: 0,
  end: 1,
  translations: [],
  speech_profile_processed: true,
  stt_provider: null,
});

describe("DropOldest", () => {
  const deed = fc.oneof(
    fc.record({ act: fc.constant("push" as const), size: fc.integer({ min: 1, max: 12 }) }),
    fc.record({ act: fc.constantFrom("take" as const, "restore" as const, "shift" as const) }),
  );

  it("holds the newest that fit, oldest first, whatever is taken, restored and shifted", () => {
    fc.assert(
      fc.property(fc.array(deed, { maxLength: 400 }), fc.integer({ min: 10, max: 120 }), (deeds, limit) => {
        const queue = new DropOldest<{ readonly size: number }>({ limit: () => limit, sizeOf: (item) => item.size });
        let model: { readonly size: number }[] = [];
        let taken: { readonly size: number }[] = [];
        let dropped = 0;
        const sizeOf = (items: readonly { readonly size: number }[]) => items.reduce((sum, item) => sum + item.size, 0);
        const trim = (): void => {
          while (sizeOf(model) > limit) dropped += model.shift()?.size ?? 0;
        };
        for (const deed of deeds) {
          if (deed.act === "push") {
            const item = { size: deed.size };
            queue.push(item);
            model.push(item);
            trim();
          } else if (deed.act === "take") {
            const items = queue.take();
            expect(items).toEqual(model);
            taken = [...taken, ...items];
            model = [];
          } else if (deed.act === "shift") {
            expect(queue.shift()).toBe(model.shift());
          } else {
            queue.restore(taken);
            model = [...taken, ...model];
            taken = [];
            trim();
          }
          expect(queue.size).toBe(sizeOf(model));
          expect(queue.isEmpty).toBe(model.length === 0);
          expect(queue.dropped).toBe(dropped);
        }
        const last = queue.take();
        expect(last).toHaveLength(model.length);
        last.forEach((item, index) => {
          expect(item).toBe(model[index]);
        });
      }),
    );
  });
});

describe("words", () => {
  it("are at most 1,000; the oldest go first", () => {
    const words = wordsBuffer();
    for (let i = 0; i < 1_010; i += 1) words.push({ conversationId: "c", segment: segment(String(i)) });
    expect(words.dropped).toBe(10);
    expect(words.take().map((word) => word.segment.id)).toEqual(
      Array.from({ length: 1_000 }, (_, i) => String(i + 10)),
    );
  });

  it("that could not be sent come back in front of what came meanwhile, and are the first to go", () => {
    const words = wordsBuffer();
    const push = (id: string) => words.push({ conversationId: "c", segment: segment(id) });
    push("a");
    push("b");
    const taken = words.take();
    for (let i = 0; i < 999; i += 1) push(`n${i}`);
    words.restore(taken);
    const ids = words.take().map((word) => word.segment.id);
    expect([ids.length, ids[0], ids[1], ids.at(-1)]).toEqual([1_000, "b", "n0", "n998"]);
  });

  it("travel with the conversation they were accepted for, in their order", () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom("a", "b"), { maxLength: 60 }),
        fc.integer({ min: 1, max: 9 }),
        (ids, limit) => {
          const words = ids.map((conversationId, index) => ({ conversationId, segment: segment(String(index)) }));
          const runs = wordRuns(words, limit);
          expect(runs.flat()).toEqual(words);
          for (const run of runs) {
            expect(run.length).toBeGreaterThan(0);
            expect(run.length).toBeLessThanOrEqual(limit);
            expect(new Set(run.map((word) => word.conversationId)).size).toBe(1);
          }
          // No more frames than needed: neighbours differ in conversation, or the first is full.
          for (const [index, run] of runs.slice(1).entries()) {
            const before = runs[index];
            const isFull = before?.length === limit;
            expect(isFull || before?.[0]?.conversationId !== run[0]?.conversationId).toBe(true);
          }
        },
      ),
    );
  });
});

describe("speaker samples", () => {
  it("are at most 50", () => {
    const samples = samplesBuffer<number>();
    for (let i = 0; i < 60; i += 1) samples.push(i);
    expect(samples.take()).toEqual(Array.from({ length: 50 }, (_, i) => i + 10));
  });
});

describe("sound", () => {
  it("is at most 10 MiB; the oldest messages go first", () => {
    const buffer = soundBuffer(true);
    const mebibyte = 1024 * 1024;
    for (let i = 0; i < 11; i += 1) buffer.push(sound({ startMs: i, bytes: new Uint8Array(mebibyte) }));
    expect(buffer.size).toBe(PUSHER.maxBufferedAudioBytes);
    expect(buffer.dropped).toBe(mebibyte);
    expect(buffer.take()[0]?.startMs).toBe(1);
  });

  it("in one piece that is too large keeps its tail, with the time at which the tail began", () => {
    const bytes = Uint8Array.from({ length: 100 }, (_, index) => index);
    const buffer = soundBuffer(true, () => 31);
    buffer.push(sound({ startMs: 1_000, durationMs: 50, bytes: new Uint8Array(10) }));
    buffer.push(sound({ startMs: 5_000, durationMs: 50, bytes }));
    const [kept, ...others] = buffer.take();
    expect(others).toEqual([]);
    // An even number of bytes, because samples have two.
    expect(kept?.bytes).toEqual(bytes.subarray(70));
    expect([kept?.startMs, kept?.durationMs]).toEqual([5_035, 15]);
    expect(buffer.dropped).toBe(80);
  });

  it("is shared by the sessions of a process: more of them leave each less, also of what it has already", () => {
    let sessions = 1;
    const buffer = soundBuffer(true, () => soundShare(sessions));
    const mebibyte = 1024 * 1024;
    for (let i = 0; i < 10; i += 1) buffer.push(sound({ startMs: i, bytes: new Uint8Array(mebibyte) }));
    expect(buffer.size).toBe(10 * mebibyte);
    sessions = 64;
    buffer.push(sound({ startMs: 10, bytes: new Uint8Array(mebibyte) }));
    expect(buffer.size).toBe(4 * mebibyte);
    expect(buffer.take().map(({ startMs }) => startMs)).toEqual([7, 8, 9, 10]);
    for (const count of [0, 1, 25, 26, 1_000]) {
      expect(soundShare(count) * count).toBeLessThanOrEqual(PUSHER.maxProcessAudioBytes);
      expect(soundShare(count)).toBeLessThanOrEqual(PUSHER.maxBufferedAudioBytes);
    }
  });

  it("that is encoded has no tail", () => {
    const buffer = soundBuffer(false, () => 31);
    buffer.push(sound({ bytes: new Uint8Array(100) }));
    expect([buffer.take(), buffer.dropped]).toEqual([[], 356]);
  });

  it("in many small messages is bounded by the memory it takes", () => {
    const buffer = soundBuffer(false);
    for (let i = 0; i < 100_000; i += 1) buffer.push(sound({ bytes: new Uint8Array(40) }));
    expect(buffer.take().length).toBe(Math.floor(PUSHER.maxBufferedAudioBytes / (40 + 256)));
  });

  it("of one conversation without a gap is one frame; a gap, a jump back, or another conversation begins the next", () => {
    const at = (startMs: number, conversationId = "c") => sound({ startMs, conversationId });
    const starts = (list: readonly BufferedSound[]) => soundRuns(list).map((run) => run.map(({ startMs }) => startMs));
    expect(starts([at(0), at(20), at(41), at(61.5)])).toEqual([[0, 20, 41, 61.5]]);
    expect(starts([at(0), at(21.001)])).toEqual([[0], [21.001]]);
    expect(starts([at(0), at(18.9)])).toEqual([[0], [18.9]]);
    expect(starts([at(0), at(20, "d"), at(40, "d")])).toEqual([[0], [20, 40]]);
  });

  it("of a call lies beside itself: its channels are one frame, until one of them has a gap", () => {
    const at = (channel: number, startMs: number) => sound({ startMs, channel });
    const starts = (list: readonly BufferedSound[]) =>
      soundRuns(list).map((run) => run.map(({ channel, startMs }) => `${channel}@${startMs}`));
    expect(starts([at(1, 0), at(2, 3), at(1, 20), at(1, 40), at(2, 23)])).toEqual([
      ["1@0", "2@3", "1@20", "1@40", "2@23"],
    ]);
    expect(starts([at(1, 0), at(2, 0), at(1, 20), at(2, 25)])).toEqual([["1@0", "2@0", "1@20"], ["2@25"]]);
    expect(starts([at(1, 0), at(2, 1_001)])).toEqual([["1@0"], ["2@1001"]]);
  });

  it("comes out whole, in order, in frames that hold one conversation, no gap, and not too much", () => {
    const message = fc.record({
      conversationId: fc.constantFrom("a", "b"),
      gapMs: fc.constantFrom(0, 0, 0, 0.5, 1, 1.5, -3, 500),
      size: fc.integer({ min: 1, max: 40 }),
    });
    fc.assert(
      fc.property(fc.array(message, { maxLength: 80 }), fc.integer({ min: 40, max: 200 }), (list, limit) => {
        let endMs = 0;
        const sounds = list.map(({ conversationId, gapMs, size }) => {
          const startMs = endMs + gapMs;
          endMs = startMs + 20;
          return sound({ conversationId, startMs, bytes: new Uint8Array(size) });
        });
        const runs = soundRuns(sounds, limit);
        expect(runs.flat()).toEqual(sounds);
        for (const run of runs) {
          expect(new Set(run.map(({ conversationId }) => conversationId)).size).toBe(1);
          expect(run.reduce((sum, { bytes }) => sum + bytes.length, 0)).toBeLessThanOrEqual(limit);
          run.slice(1).forEach(({ startMs }, index) => {
            expect(Math.abs(startMs - ((run[index]?.startMs ?? 0) + 20))).toBeLessThanOrEqual(PUSHER.audioRunGapMs);
          });
        }
      }),
    );
  });
});
