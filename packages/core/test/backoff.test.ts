/** Waiting times double, stay under the cap and spread by the jitter. */
import { backoffMs, type Clock, sleep } from "@holdfast/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const options = { baseMs: 1_000, capMs: 60_000, jitter: 0.25 };

describe("backoffMs", () => {
  it("doubles from the base to the cap", () => {
    const nominal = [0, 1, 2, 3, 4, 5, 6, 40].map((attempt) => backoffMs(attempt, 0.5, options));
    expect(nominal).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
  });
  it("stays within the jitter", () => {
    fc.assert(
      fc.property(fc.nat(100), fc.double({ min: 0, max: 0.9999, noNaN: true }), (attempt, random) => {
        const nominal = backoffMs(attempt, 0.5, options);
        const wait = backoffMs(attempt, random, options);
        expect(wait).toBeGreaterThanOrEqual(Math.floor(nominal * 0.75));
        expect(wait).toBeLessThanOrEqual(Math.ceil(nominal * 1.25));
      }),
    );
  });
});

describe("sleep", () => {
  it("ends with its signal and leaves no timer behind", async () => {
    let cancelled = 0;
    const clock: Clock = {
      now: () => 0,
      after: () => ({
        cancel: () => {
          cancelled += 1;
        },
      }),
      every: () => ({ cancel: () => {} }),
    };
    const stop = new AbortController();
    const slept = sleep(clock, 1e9, stop.signal);
    stop.abort();
    await slept;
    await sleep(clock, 1e9, stop.signal);
    expect(cancelled).toBe(1);
  });
});
