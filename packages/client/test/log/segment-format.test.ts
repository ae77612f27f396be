/** The bytes of a segment: whatever is cut off or broken, what is read is a run of the frames that were written. */
import { crc32 as zlibCrc32 } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { concat } from "../../src/log/bytes.ts";
import { crc32 } from "../../src/log/checksum.ts";
import { cutBefore, isSameFormat, msOf, samplesOf } from "../../src/log/format.ts";
import {
  decodeHeader,
  encodeFrames,
  encodeHeader,
  type SegmentFacts,
  scanFrames,
} from "../../src/log/segment-format.ts";

const FACTS: SegmentFacts = {
  id: "s-7",
  kind: "frames",
  layout: "frames",
  owner: "anna",
  sessionId: "s",
  conversationId: null,
  firstSequence: 7,
  device: "omi",
  deviceModel: null,
  codec: "opus",
  sampleRate: 16_000,
  channels: 1,
  frameSamples: 160,
  startedAtMs: 1_790_000_000_123,
  originalName: null,
  contentBytes: null,
};

const frames = fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 12 });
const plain = (list: readonly Uint8Array[]): number[][] => list.map((frame) => [...frame]);

function fileOf(list: readonly Uint8Array[]): Uint8Array {
  return concat([encodeHeader(FACTS), encodeFrames(list, FACTS.firstSequence)]);
}

describe("a segment", () => {
  it("gives back its facts and its frames, in runs of any length", () => {
    fc.assert(
      fc.property(frames, fc.nat(12), (list, split) => {
        const head = encodeHeader(FACTS);
        const file = concat([
          head,
          encodeFrames(list.slice(0, split), FACTS.firstSequence),
          encodeFrames(list.slice(split), FACTS.firstSequence + Math.min(split, list.length)),
        ]);
        expect(decodeHeader(file)).toEqual({ facts: FACTS, bytes: head.length });
        const scan = scanFrames(file, head.length, FACTS.firstSequence);
        expect(plain(scan.frames)).toEqual(plain(list));
        expect(scan).toMatchObject({ end: file.length, droppedBytes: 0 });
      }),
    );
  });

  it("cut off anywhere, holds a prefix of its frames and says how much was dropped", () => {
    fc.assert(
      fc.property(frames, fc.nat(), (list, cut) => {
        const file = fileOf(list);
        const rest = file.subarray(0, cut % (file.length + 1));
        const header = decodeHeader(rest);
        if (header === undefined) {
          expect(rest.length).toBeLessThan(encodeHeader(FACTS).length);
          return;
        }
        const scan = scanFrames(rest, header.bytes, FACTS.firstSequence);
        expect(plain(scan.frames)).toEqual(plain(list.slice(0, scan.frames.length)));
        expect(scan.end + scan.droppedBytes).toBe(rest.length);
        const next = list[scan.frames.length];
        if (next !== undefined) expect(scan.droppedBytes).toBeLessThan(12 + next.length);
      }),
    );
  });

  it("with one wrong byte, never gives a frame that was not written", () => {
    fc.assert(
      fc.property(frames, fc.nat(), fc.integer({ min: 1, max: 255 }), (list, place, change) => {
        const file = fileOf(list);
        const at = place % file.length;
        file[at] = (file[at] ?? 0) ^ change;
        const header = decodeHeader(file);
        // A byte of nothing in the header may differ.
        if (header === undefined || at < header.bytes) return;
        const scan = scanFrames(file, header.bytes, FACTS.firstSequence);
        expect(scan.frames.length).toBeLessThan(list.length);
        expect(plain(scan.frames)).toEqual(plain(list.slice(0, scan.frames.length)));
      }),
    );
  });

  it("does not read frames of another place in the session", () => {
    const file = concat([encodeFrames([new Uint8Array([1])], 0), encodeFrames([new Uint8Array([2])], 2)]);
    expect(scanFrames(file, 0, 0).frames).toHaveLength(1);
    expect(scanFrames(file, 0, 5).frames).toHaveLength(0);
  });

  it("has the checksum that everybody has", () => {
    fc.assert(fc.property(fc.uint8Array(), (bytes) => crc32(bytes) === zlibCrc32(bytes)));
  });
});

describe("where a segment is cut", () => {
  const progress = { startedAtMs: 1_000, soundMs: 10_000 };

  it.each([
    ["what follows", 11_000, null],
    ["a little late", 13_000, null],
    ["a little early", 9_000, null],
    ["after a pause", 13_001, "clock"],
    ["a clock that was put back", 8_999, "clock"],
  ])("%s", (_what, atMs, why) => {
    expect(cutBefore(progress, atMs)).toBe(why);
  });

  it("after a minute of sound", () => {
    expect(cutBefore({ startedAtMs: 0, soundMs: 59_999 }, 59_999)).toBeNull();
    expect(cutBefore({ startedAtMs: 0, soundMs: 60_000 }, 60_000)).toBe("length");
  });

  it("counts sound by bytes where bytes are samples", () => {
    const format = { codec: "pcm16", sampleRate: 16_000, channels: 2, frameSamples: 320 } as const;
    expect(samplesOf(format, new Uint8Array(1_280))).toBe(320);
    expect(samplesOf({ ...format, codec: "pcm8" }, new Uint8Array(1_280))).toBe(640);
    expect(samplesOf({ ...format, codec: "opus" }, new Uint8Array(3))).toBe(320);
    expect(msOf(format, 320)).toBe(20);
    expect(isSameFormat(format, { ...format })).toBe(true);
    expect(isSameFormat(format, { ...format, sampleRate: 8_000 })).toBe(false);
  });
});
