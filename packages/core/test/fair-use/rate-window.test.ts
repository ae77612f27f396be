/** So many requests in any window of that length, for each caller. */
import { RateWindow } from "@holdfast/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

describe("a rate window", () => {
  it("never lets more through in any window, and never refuses one that fits", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 30 }), { maxLength: 60 }), (waits) => {
        const window = new RateWindow(3, 60);
        const passed: number[] = [];
        let nowMs = 1_000;
        for (const wait of waits) {
          nowMs += wait;
          const recent = passed.filter((atMs) => atMs > nowMs - 60);
          const waitMs = window.take("a", nowMs);
          expect(waitMs === 0).toBe(recent.length < 3);
          if (waitMs === 0) passed.push(nowMs);
          else expect(waitMs).toBe((recent[0] ?? 0) + 60 - nowMs);
        }
      }),
    );
  });

  it("counts callers apart, and remembers only so many", () => {
    const window = new RateWindow(1, 100, 2);
    expect(window.take("a", 0)).toBe(0);
    expect(window.take("a", 1)).toBe(99);
    expect(window.take("b", 2)).toBe(0);
    expect(window.take("c", 3)).toBe(0);
    expect(window.take("b", 4)).toBe(98);
    expect(window.take("a", 5)).toBe(0);
  });
});
