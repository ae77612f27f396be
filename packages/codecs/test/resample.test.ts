import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { resampleAll } from "../src/index.ts";
import { SampleBuffer } from "../src/sample-buffer.ts";
import { similarity, tone } from "./sound.ts";

describe("resampling", () => {
  it.each([8_000, 11_025, 22_050, 44_100, 48_000])("%i Hz: a tone keeps its pitch and its length", async (rate) => {
    const out = await resampleAll(tone(500, rate, 2), rate);
    expect(out.length).toBe(32_000);
    expect(similarity(tone(500, 16_000, 2), out, 40)).toBeGreaterThan(0.999);
  });

  it("removes what 16 kHz cannot hold instead of folding it down", async () => {
    const out = await resampleAll(tone(11_000, 48_000, 1), 48_000);
    // Its sudden start and end are clicks, which do hold low tones.
    expect(Math.max(...out.subarray(1_000, 15_000).map(Math.abs))).toBeLessThan(0.02);
  });

  it("at 16 kHz changes nothing", async () => {
    const wave = tone(500, 16_000, 0.1);
    expect(await resampleAll(wave, 16_000)).toBe(wave);
  });
});

describe("a sample buffer", () => {
  it("holds what was pushed, in order", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.float32Array({ noNaN: true }), fc.nat(50)), { maxLength: 30 }), (pushes) => {
        const buffer = new SampleBuffer(1);
        const expected: number[] = [];
        for (const push of pushes) {
          if (typeof push === "number") {
            buffer.pushSilence(push);
            expected.push(...new Array<number>(push).fill(0));
          } else {
            buffer.push(push);
            expected.push(...push);
          }
        }
        expect(buffer.length).toBe(expected.length);
        expect([...buffer.finish()]).toEqual(expected);
      }),
    );
  });
});
