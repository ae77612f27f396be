/** What people are told of the other lane is what the order of claims does. */
import { claimOrder, otherLaneSeconds, type SyncLane } from "@holdfast/core";
import fc from "fast-check";
import { expect, it } from "vitest";

/** When each recording of a lane begins in a process of one place, if all wait from the start. */
function begins(count: Readonly<Record<SyncLane, number>>, seconds: Readonly<Record<SyncLane, number>>) {
  const left = { ...count };
  const began: Record<SyncLane, number[]> = { fresh: [], backfill: [] };
  let at = 0;
  for (let turn = 0; left.fresh + left.backfill > 0; turn += 1) {
    const lane = claimOrder(turn).find((each) => each !== "other" && left[each] > 0);
    if (lane === undefined || lane === "other") throw new Error("somebody waits");
    left[lane] -= 1;
    began[lane].push(at);
    at += seconds[lane];
  }
  return began;
}

const lanes = ["fresh", "backfill"] as const;

it("says when a recording begins, to within the claims of one round", () => {
  const length = fc.integer({ min: 1, max: 300 });
  const count = fc.record({ fresh: fc.nat(60), backfill: fc.nat(60) });
  fc.assert(
    fc.property(count, fc.record({ fresh: length, backfill: length }), (counts, seconds) => {
      const load = {
        fresh: { waiting: counts.fresh, audioSeconds: counts.fresh * seconds.fresh, oldestMs: undefined },
        backfill: { waiting: counts.backfill, audioSeconds: counts.backfill * seconds.backfill, oldestMs: undefined },
      };
      const began = begins(counts, seconds);
      const round = 3 * seconds.fresh + seconds.backfill;
      for (const lane of lanes)
        for (const [ahead, atSeconds] of began[lane].entries()) {
          const own = ahead * seconds[lane];
          expect(Math.abs(own + otherLaneSeconds(load, lane, own) - atSeconds)).toBeLessThanOrEqual(round);
        }
    }),
  );
});

it("grows with what is ahead, is never more than there is, and nothing where nothing is", () => {
  const lane = (waiting: number, audioSeconds: number) => ({ waiting, audioSeconds, oldestMs: undefined });
  const load = { fresh: lane(100, 6_000), backfill: lane(1_000, 120_000) };
  expect(otherLaneSeconds(load, "backfill", 0)).toBe(180);
  expect(otherLaneSeconds(load, "backfill", 1e9)).toBe(6_000);
  expect(otherLaneSeconds(load, "fresh", 0)).toBe(0);
  expect(otherLaneSeconds(load, "fresh", 180)).toBe(120);
  expect(otherLaneSeconds(load, "fresh", 1e9)).toBe(120_000);
  const none = { fresh: lane(0, 0), backfill: lane(0, 0) };
  for (const each of lanes) expect(otherLaneSeconds(none, each, 50)).toBe(0);
});
