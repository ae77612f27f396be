/** Reading the headers of AAC messages, checked against a writer of headers. */
import { AAC_SAMPLE_RATES, adtsFrames, messageMs } from "@holdfast/contract";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

interface Written {
  readonly rateIndex: number;
  readonly channels: number;
  readonly blocks: number;
  readonly checksum: boolean;
  readonly payload: Uint8Array;
}

function adts({ rateIndex, channels, blocks, checksum, payload }: Written): Uint8Array {
  const length = payload.length + (checksum ? 9 : 7);
  const header = [
    0xff,
    checksum ? 0xf0 : 0xf1,
    (1 << 6) | (rateIndex << 2) | (channels >> 2),
    ((channels & 3) << 6) | (length >> 11),
    (length >> 3) & 0xff,
    ((length & 7) << 5) | 0x1f,
    0xfc | (blocks - 1),
    ...(checksum ? [0x12, 0x34] : []),
  ];
  return Uint8Array.from([...header, ...payload]);
}

const frame = fc.record({
  rateIndex: fc.nat(12),
  channels: fc.nat(7),
  blocks: fc.integer({ min: 1, max: 4 }),
  checksum: fc.boolean(),
  payload: fc.uint8Array({ minLength: 1, maxLength: 300 }),
});
const joined = (parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(parts.flatMap((part) => [...part]));

describe("ADTS frames", () => {
  it("are read back as they were written, and their lengths add up", () => {
    fc.assert(
      fc.property(fc.array(frame, { minLength: 1, maxLength: 6 }), (frames) => {
        const message = joined(frames.map(adts));
        expect(adtsFrames(message)).toEqual(
          frames.map(({ rateIndex, channels, blocks, payload }) => ({
            payload,
            whole: true,
            lowComplexity: true,
            sampleRate: AAC_SAMPLE_RATES[rateIndex],
            channels,
            samples: blocks * 1_024,
          })),
        );
        const ms = frames.reduce((sum, f) => sum + (f.blocks * 1_024_000) / (AAC_SAMPLE_RATES[f.rateIndex] ?? 0), 0);
        expect(messageMs("aac", 16_000, message)).toBeCloseTo(ms, 6);
      }),
    );
  });

  it("cut off anywhere after the header keep their length and are not whole", () => {
    fc.assert(
      fc.property(frame, fc.double({ min: 0, max: 1, noNaN: true }), (written, share) => {
        const whole = adts(written);
        const cut = whole.subarray(0, 7 + Math.floor((whole.length - 8) * share));
        expect(adtsFrames(cut)).toMatchObject([{ whole: false, samples: written.blocks * 1_024 }]);
        expect(messageMs("aac", 16_000, cut)).toBe(messageMs("aac", 16_000, whole));
      }),
    );
  });

  it.each([
    ["nothing", []],
    ["a bare frame", [0x01, 0x18, 0x20, 0x07]],
    ["a rate that is not in the table", [0xff, 0xf1, 0x74, 0x40, 0x01, 0x7f, 0xfc]],
    ["a frame no longer than its header", [0xff, 0xf1, 0x60, 0x40, 0x00, 0xff, 0xfc]],
    ["a header cut off", [0xff, 0xf1, 0x60, 0x40]],
  ])("are not found in %s, which lasts as long as a bare frame", (_what, bytes) => {
    expect(adtsFrames(Uint8Array.from(bytes))).toEqual([]);
    expect(messageMs("aac", 16_000, Uint8Array.from(bytes))).toBe(64);
    expect(messageMs("aac", 44_100, Uint8Array.from(bytes))).toBeCloseTo(23.22, 2);
  });

  it("of any bytes: a length above nothing and within bounds", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2_000 }), (bytes) => {
        const ms = messageMs("aac", 16_000, bytes);
        expect(ms).toBeGreaterThan(0);
        expect(ms).toBeLessThanOrEqual((100 * 4 * 1_024_000) / 7_350);
      }),
    );
  });

  it("beyond the hundredth are passed over, so that a small message cannot claim hours", () => {
    const smallest = adts({ rateIndex: 8, channels: 1, blocks: 1, checksum: false, payload: Uint8Array.of(0) });
    const message = joined(Array.from({ length: 130 }, () => smallest));
    expect(adtsFrames(message)).toHaveLength(100);
    expect(messageMs("aac", 16_000, message)).toBe(6_400);
  });
});
