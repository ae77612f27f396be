import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { afterDeath, cleanRecord } from "../src/supervisor/restart-policy.ts";

/** The waits of a child that dies again and again after these times of health. */
function waits(healthyMs: readonly number[]): number[] {
  let record = cleanRecord;
  return healthyMs.map((ms) => {
    const decision = afterDeath(record, ms);
    record = decision.record;
    return decision.waitMs;
  });
}

describe("a child that dies", () => {
  test("is started again after 100 ms, then twice as late each time, at most 10 s", () => {
    expect(waits(Array(10).fill(0))).toEqual([100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000, 10_000]);
  });

  test("has a clean record after 30 s of health, and not a moment before", () => {
    expect(waits([0, 0, 0, 29_999])).toEqual([100, 200, 400, 800]);
    expect(waits([0, 0, 0, 30_000, 0])).toEqual([100, 200, 400, 100, 200]);
  });

  test("never waits longer than 10 s or shorter than 100 ms, and is never given up", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 60_000 }), { maxLength: 200 }), (healthyMs) => {
        const all = waits(healthyMs);
        return all.every((wait, index) => {
          const before = all[index - 1];
          const healthy = (healthyMs[index] ?? 0) >= 30_000;
          const expected = healthy || before === undefined ? 100 : Math.min(before * 2, 10_000);
          return wait === expected || (before === 6_400 && wait === 10_000);
        });
      }),
    );
  });
});
