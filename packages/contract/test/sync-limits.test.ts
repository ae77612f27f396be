/** What a batch of old recordings may hold, counted from bytes that stream past in pieces of any size. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type CountedRecording,
  FrameCounter,
  HISTORICAL_BATCH,
  parseRecordingName,
  readFrames,
  refuseTooMuch,
  writeFrames,
} from "../src/index.ts";

const NOW = Date.UTC(2026, 0, 1);

function count(file: Uint8Array, sizes: readonly number[]) {
  const counter = new FrameCounter();
  let at = 0;
  for (const size of sizes) {
    counter.add(file.subarray(at, at + size));
    at += size;
  }
  counter.add(file.subarray(at));
  return counter.totals();
}

describe("counting frames", () => {
  const sizes = fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 40 });

  it("counts what the reader reads, however the bytes are cut", () => {
    const whole = fc.array(fc.uint8Array({ minLength: 1, maxLength: 20 }), { maxLength: 12 }).map(writeFrames);
    fc.assert(
      fc.property(whole, sizes, fc.nat(200), (file, cuts, dropped) => {
        const damaged = file.subarray(0, Math.max(0, file.length - (dropped % 25)));
        const { frames } = readFrames(damaged);
        const payloadBytes = frames.reduce((sum, frame) => sum + frame.length, 0);
        expect(count(damaged, cuts)).toEqual({ frames: frames.length, payloadBytes });
      }),
    );
  });

  it("stops where the reader stops, whatever the bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), sizes, (file, cuts) => {
        expect(count(file, cuts).frames).toBe(readFrames(file).frames.length);
      }),
    );
    const huge = new Uint8Array([0xff, 0xff, 0xff, 0xff, 1, 0, 0, 0, 7]);
    expect(count(huge, [1, 1, 1])).toEqual({ frames: 0, payloadBytes: 0 });
  });
});

describe("a batch of old recordings", () => {
  const MIB = 1024 * 1024;
  const file = (name: string, rest: Partial<Omit<CountedRecording, "recording">> = {}): CountedRecording => ({
    recording: parseRecordingName(`${name}_1756000000.bin`, NOW),
    bytes: 100,
    totals: { frames: 1, payloadBytes: 96 },
    ...rest,
  });
  const opus = (frames: number, fs = 160) =>
    file(`audio_x_opus_16000_1_fs${fs}`, { totals: { frames, payloadBytes: frames } });
  const pcm = (bytes: number, rate = 16_000, codec = "pcm16") =>
    file(`audio_x_${codec}_${rate}_1_fs160`, { totals: { frames: 1, payloadBytes: bytes } });
  const refused = (files: readonly CountedRecording[]) => {
    try {
      refuseTooMuch(files);
      return false;
    } catch (error) {
      expect(error).toMatchObject({ code: "batch_too_large", class: "permanent_input" });
      return true;
    }
  };
  const times = (n: number, of: CountedRecording) => Array.from({ length: n }, () => of);

  const edges: readonly (readonly [string, readonly CountedRecording[], readonly CountedRecording[]])[] = [
    ["files", times(20, opus(1)), times(21, opus(1))],
    ["encoded bytes", [file("audio_x", { bytes: 64 * MIB })], [file("audio_x", { bytes: 64 * MIB + 1 })]],
    [
      "encoded bytes together",
      times(2, file("audio_x", { bytes: 32 * MIB })),
      times(3, file("audio_x", { bytes: 32 * MIB })),
    ],
    ["decoded bytes of Opus", [opus(209_715)], [opus(209_716)]],
    ["decoded bytes of PCM", [pcm(64 * MIB)], [pcm(64 * MIB + 2)]],
    ["frames", [opus(HISTORICAL_BATCH.frames, 40)], [opus(HISTORICAL_BATCH.frames + 1, 40)]],
    ["seconds", [pcm(3_600 * 8_000, 8_000, "pcm8")], [pcm(3_600 * 8_000 + 1, 8_000, "pcm8")]],
    ["empty files", [opus(1)], [file("audio_x", { bytes: 0 })]],
    ["Opus frame sizes", [opus(1, 1_920)], [opus(1, 161)]],
  ];
  it.each(edges)("is taken at the limit of %s and refused beyond", (_what, taken, beyond) => {
    expect(refused(taken)).toBe(false);
    expect(refused(beyond)).toBe(true);
  });

  it("is taken with every frame size of Opus and every rate that is read", () => {
    for (const fs of HISTORICAL_BATCH.opusFrameSamples) expect(refused([opus(10, fs)])).toBe(false);
    for (const rate of [8_000, 48_000]) expect(refused([pcm(10, rate)])).toBe(false);
  });
});
