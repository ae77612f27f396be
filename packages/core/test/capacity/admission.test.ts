import { QUEUE } from "@holdfast/contract";
import {
  blendSpeed,
  excessSeconds,
  type LaneLoad,
  type QueueLimits,
  type QueueLoad,
  refuseForCapacity,
  roomSeconds,
  serviceRate,
  waitSeconds,
} from "@holdfast/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const NOW = 1_000_000_000_000;
const EMPTY: LaneLoad = { waiting: 0, audioSeconds: 0, oldestMs: undefined };
const lane = (audioSeconds: number, waiting = 1, ageMs = 0): LaneLoad => ({
  ...{ waiting, audioSeconds, oldestMs: NOW - ageMs },
});
const load = (over: Partial<QueueLoad> = {}): QueueLoad => ({
  ...{ fresh: EMPTY, backfill: EMPTY, running: 1, speed: 10, speedMeasuredMs: NOW },
  ...over,
});
const LIMITS: QueueLimits = { maxWaiting: 0, backfillWaitSeconds: 1_000, freshWaitSeconds: 2_000 };

describe("blendSpeed", () => {
  it("begins with what is measured first", () => {
    expect(blendSpeed(undefined, { audioSeconds: 60, busyMs: 3_000 })).toBe(20);
    expect(blendSpeed(undefined, { audioSeconds: 60, busyMs: 0 })).toBeUndefined();
    expect(blendSpeed(7, { audioSeconds: 0, busyMs: 0 })).toBe(7);
  });

  it("forgets two thirds in its memory's length of work, however that is cut", () => {
    const once = blendSpeed(0, { audioSeconds: 6_000, busyMs: QUEUE.speedMemoryMs }) ?? 0;
    expect(once).toBeCloseTo(10 * (1 - Math.exp(-1)), 9);
    let cut: number | undefined = 0;
    for (let n = 0; n < 100; n += 1) cut = blendSpeed(cut, { audioSeconds: 60, busyMs: QUEUE.speedMemoryMs / 100 });
    expect(cut).toBeCloseTo(once, 9);
  });

  it("stays between what it was and what is measured", () => {
    const number = fc.double({ min: 0, max: 1e4, noNaN: true });
    fc.assert(
      fc.property(number, number, fc.double({ min: 1, max: 1e7, noNaN: true }), (before, audioSeconds, busyMs) => {
        const measured = audioSeconds / (busyMs / 1_000);
        const after = blendSpeed(before, { audioSeconds, busyMs }) ?? Number.NaN;
        const slack = 1e-9 * Math.max(before, measured, 1);
        expect(after).toBeGreaterThanOrEqual(Math.min(before, measured) - slack);
        expect(after).toBeLessThanOrEqual(Math.max(before, measured) + slack);
      }),
    );
  });
});

describe("serviceRate", () => {
  it("is that of all places in work, and a guess before anything was measured", () => {
    expect(serviceRate(load({ running: 3 }), NOW)).toBe(30);
    expect(serviceRate(load({ running: 0 }), NOW)).toBe(10);
    expect(serviceRate(load({ speed: undefined, speedMeasuredMs: undefined }), NOW)).toBe(QUEUE.assumedSpeed);
  });

  it("falls while something waits and nothing ends", () => {
    const stands = (ageMs: number, measuredAgoMs: number) =>
      serviceRate(load({ backfill: lane(1, 1, ageMs), speedMeasuredMs: NOW - measuredAgoMs }), NOW);
    expect(stands(10 * QUEUE.stallMs, 0)).toBe(10);
    expect(stands(QUEUE.stallMs, 10 * QUEUE.stallMs)).toBe(10);
    expect(stands(10 * QUEUE.stallMs, 2 * QUEUE.stallMs)).toBe(5);
    expect(stands(10 * QUEUE.stallMs, 20 * QUEUE.stallMs)).toBe(1);
  });
});

describe("refuseForCapacity", () => {
  it("asks to wait as long as the backlog needs to be short enough", () => {
    const full = load({ backfill: lane(15_000) });
    expect(waitSeconds(full, "backfill", NOW)).toBe(1_500);
    expect(refuseForCapacity(full, "backfill", LIMITS, NOW, 0)).toEqual({
      code: "backfill_capacity",
      retryAfterSeconds: 500,
    });
    expect(refuseForCapacity(full, "backfill", LIMITS, NOW, 0.5)?.retryAfterSeconds).toBe(550);
    expect(refuseForCapacity(full, "fresh", LIMITS, NOW, 0)).toBeUndefined();
    expect(refuseForCapacity(load({ backfill: lane(10_000) }), "backfill", LIMITS, NOW, 0)).toBeUndefined();
  });

  it("counts jobs as well, fresh ones alone for fresh", () => {
    const limits = { ...LIMITS, maxWaiting: 10 };
    const many = load({ fresh: lane(10, 4), backfill: lane(10, 6) });
    expect(refuseForCapacity(many, "backfill", limits, NOW, 0)?.retryAfterSeconds).toBe(QUEUE.minRetrySeconds);
    expect(refuseForCapacity(many, "fresh", limits, NOW, 0)).toBeUndefined();
    expect(refuseForCapacity(load({ fresh: lane(10, 10) }), "fresh", limits, NOW, 0)).toBeDefined();
  });

  it("takes everything without limits", () => {
    const none = { maxWaiting: 0, backfillWaitSeconds: 0, freshWaitSeconds: 0 };
    const full = load({ fresh: lane(1e9, 1e6), backfill: lane(1e9, 1e6) });
    expect(refuseForCapacity(full, "backfill", none, NOW, 0)).toBeUndefined();
    expect(roomSeconds(full, "backfill", none, NOW)).toBeUndefined();
  });

  const amount = fc.double({ min: 0, max: 1e8, noNaN: true });
  const anyLane = fc.record({
    waiting: fc.nat(1_000_000),
    audioSeconds: amount,
    oldestMs: fc.option(fc.integer({ min: NOW - 1e9, max: NOW }), { nil: undefined }),
  });
  const anyLoad = fc.record({
    ...{ fresh: anyLane, backfill: anyLane, running: fc.nat(20) },
    speed: fc.option(amount, { nil: undefined }),
    speedMeasuredMs: fc.option(fc.integer({ min: NOW - 1e9, max: NOW }), { nil: undefined }),
  });
  const anyLimits = fc.record({
    maxWaiting: fc.oneof(fc.constant(0), fc.nat(1_000_000)),
    backfillWaitSeconds: fc.oneof(fc.constant(0), amount),
    freshWaitSeconds: fc.oneof(fc.constant(0), amount),
  });
  const random = fc.double({ min: 0, max: 0.999, noNaN: true });

  it("never refuses fresh and takes backfill; waits are whole, bounded, and published before", () => {
    fc.assert(
      fc.property(anyLoad, anyLimits, random, (queue, limits, dice) => {
        const fresh = refuseForCapacity(queue, "fresh", limits, NOW, dice);
        const backfill = refuseForCapacity(queue, "backfill", limits, NOW, dice);
        if (fresh !== undefined) expect(backfill).toBeDefined();
        for (const [name, refusal] of [["fresh", fresh] as const, ["backfill", backfill] as const]) {
          const room = roomSeconds(queue, name, limits, NOW);
          if (room !== undefined) {
            expect(room.left).toBeGreaterThanOrEqual(0);
            expect(room.left).toBeLessThanOrEqual(room.limit);
            if (refusal !== undefined) expect(room.left).toBe(0);
          }
          if (refusal === undefined) continue;
          expect(Number.isInteger(refusal.retryAfterSeconds)).toBe(true);
          expect(refusal.retryAfterSeconds).toBeGreaterThanOrEqual(QUEUE.minRetrySeconds);
          expect(refusal.retryAfterSeconds).toBeLessThanOrEqual(QUEUE.maxRetrySeconds);
        }
      }),
      { numRuns: 500 },
    );
  });

  it("never asks for less where more waits, and takes again when the excess is worked off", () => {
    fc.assert(
      fc.property(anyLoad, anyLimits, amount, (queue, limits, more) => {
        const grown = { ...queue, backfill: { ...queue.backfill, audioSeconds: queue.backfill.audioSeconds + more } };
        const excess = excessSeconds(queue, "backfill", limits, NOW);
        expect(excessSeconds(grown, "backfill", limits, NOW)).toBeGreaterThanOrEqual(excess);
        const onlyTime = { ...limits, maxWaiting: 0, freshWaitSeconds: 0 };
        const late = excessSeconds(queue, "backfill", onlyTime, NOW);
        const done = late * serviceRate(queue, NOW);
        if (done <= 0 || done > queue.backfill.audioSeconds) return;
        const worked = { ...queue, backfill: { ...queue.backfill, audioSeconds: queue.backfill.audioSeconds - done } };
        expect(excessSeconds(worked, "backfill", onlyTime, NOW)).toBeLessThanOrEqual(1e-6 * (1 + late));
      }),
      { numRuns: 500 },
    );
  });
});
