import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { resampleAll } from "../src/index.ts";
import { createRateFollower, createResampler } from "../src/resample.ts";
import { SampleBuffer } from "../src/sample-buffer.ts";
import { joined, similarity, tone } from "./sound.ts";

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

describe("a resampler that is fed piece by piece", () => {
  const rates = fc.constantFrom(8_000, 11_025, 12_000, 22_050, 24_000, 44_100, 48_000);

  it("gives what it would give at once, whatever the pieces", async () => {
    await fc.assert(
      fc.asyncProperty(rates, fc.array(fc.nat(3_000), { minLength: 1, maxLength: 12 }), async (rate, sizes) => {
        const total = sizes.reduce((sum, size) => sum + size, 0);
        const wave = tone(440, rate, total / rate).subarray(0, total);
        const resampler = await createResampler(rate);
        const parts: Float32Array[] = [];
        let at = 0;
        for (const size of sizes) {
          parts.push(resampler.push(wave.subarray(at, at + size)));
          at += size;
        }
        parts.push(resampler.flush());
        resampler.close();
        const whole = await resampleAll(wave, rate);
        const pieced = joined(parts);
        expect(pieced.length).toBe(whole.length);
        expect(whole.length).toBe(Math.round((total * 16_000) / rate));
        for (const [i, sample] of pieced.entries()) {
          if (Math.abs(sample - (whole[i] ?? 0)) > 1e-3) expect.fail(`sample ${i} of ${pieced.length} differs`);
        }
      }),
      { numRuns: 25 },
    );
  });

  it("may be closed twice", async () => {
    const resampler = await createResampler(48_000);
    resampler.close();
    expect(() => resampler.close()).not.toThrow();
  });
});

describe("a resampler whose input changes its rate", () => {
  it("keeps the pitch of a tone and passes 16 kHz through", async () => {
    const follower = await createRateFollower();
    const first = follower.push(tone(500, 48_000, 1), 48_000);
    const second = follower.push(tone(500, 8_000, 1), 8_000);
    const third = tone(500, 16_000, 1);
    expect(follower.push(third, 16_000)).toBe(third);
    follower.close();
    for (const out of [first, second]) {
      expect(Math.abs(out.length - 16_000)).toBeLessThan(200);
      expect(similarity(tone(500, 16_000, 1), out, 40)).toBeGreaterThan(0.999);
    }
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
