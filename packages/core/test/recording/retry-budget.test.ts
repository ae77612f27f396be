/**
 * The budget of tries that nobody asked for, beside an oracle that reckons in whole milliseconds of filling: one token is half a
 * minute, so that nothing is ever rounded.
 */
import { fullBudget, RETRY_BUDGET, type RetryCause, refundRetry, spendRetry } from "@holdfast/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const TOKEN_MS = MINUTE / RETRY_BUDGET.refillPerMinute;
const CAPACITY_MS = RETRY_BUDGET.capacity * TOKEN_MS;
const COST_MS: Readonly<Record<RetryCause, number>> = {
  transient: RETRY_BUDGET.cost.transient * TOKEN_MS,
  told_to_wait: RETRY_BUDGET.cost.told_to_wait * TOKEN_MS,
};
const CAUSES = ["transient", "told_to_wait"] as const;

/** When tries are made that all fail for this cause, each as early as it may, until the end. */
function triesOf(cause: RetryCause, untilMs: number, workMs = 0): number[] {
  const tries: number[] = [];
  let budget = fullBudget(0);
  for (let nowMs = 0; ; nowMs += workMs) {
    const permit = spendRetry(budget, cause, nowMs);
    ({ budget } = permit);
    nowMs += permit.waitMs;
    if (nowMs >= untilMs) return tries;
    tries.push(nowMs);
  }
}

describe("a fault that lasts", () => {
  it("costs 298 tries a day where they fail: 10 at once, and then one in five minutes", () => {
    const tries = triesOf("transient", DAY);
    expect(tries.slice(0, 12)).toEqual([...Array(10).fill(0), 5 * MINUTE, 10 * MINUTE]);
    // The last is due at the very end of the day.
    expect([tries.length, triesOf("transient", DAY + 1).length]).toEqual([297, 298]);
  });

  it("costs 50 tries and then one a minute where a server keeps saying at once that it should wait", () => {
    const tries = triesOf("told_to_wait", DAY);
    expect(tries.slice(49, 53)).toEqual([0, MINUTE, 2 * MINUTE, 3 * MINUTE]);
    expect([tries.length, triesOf("told_to_wait", DAY + 1).length]).toEqual([1_489, 1_490]);
  });

  it.each(CAUSES)("%s: is within the formula of the module in every stretch of the day", (cause) => {
    for (const workMs of [0, 1, 700, 45_000]) {
      const tries = triesOf(cause, DAY, workMs);
      for (const minutes of [0, 1, 7, 60, 600, 1_440]) {
        const most = (RETRY_BUDGET.capacity + minutes * RETRY_BUDGET.refillPerMinute) / RETRY_BUDGET.cost[cause];
        for (const [first, beganMs] of tries.entries()) {
          // The try that lies just beyond what is allowed must lie beyond the stretch.
          const beyond = tries[first + Math.floor(most)];
          if (beyond !== undefined) expect(beyond - beganMs).toBeGreaterThan(minutes * MINUTE - 1);
        }
      }
    }
  });
});

type Act =
  | { readonly type: "pass"; readonly ms: number }
  | { readonly type: "spend" | "refund"; readonly cause: RetryCause };

const acts: fc.Arbitrary<Act> = fc.oneof(
  fc.oneof(fc.nat(1_000), fc.nat(10 * MINUTE), fc.nat(5 * 60 * MINUTE)).map((ms): Act => ({ type: "pass", ms })),
  { weight: 3, arbitrary: fc.constantFrom(...CAUSES).map((cause): Act => ({ type: "spend", cause })) },
  fc.constantFrom(...CAUSES).map((cause): Act => ({ type: "refund", cause })),
);
const walks = fc.array(acts, { maxLength: 400, size: "max" });

describe("any walk", () => {
  it("waits as long as the oracle says, to the millisecond", () => {
    let longest = 0;
    fc.assert(
      fc.property(walks, fc.nat(1e9), (walk, startMs) => {
        let nowMs = startMs;
        let budget = fullBudget(nowMs);
        let creditMs = CAPACITY_MS;
        for (const act of walk) {
          if (act.type === "pass") {
            nowMs += act.ms;
            creditMs = Math.min(CAPACITY_MS, creditMs + act.ms);
          } else if (act.type === "refund") {
            budget = refundRetry(budget, act.cause, nowMs);
            creditMs = Math.min(CAPACITY_MS, creditMs + COST_MS[act.cause]);
          } else {
            const permit = spendRetry(budget, act.cause, nowMs);
            ({ budget } = permit);
            creditMs -= COST_MS[act.cause];
            const expectedMs = Math.max(0, -creditMs);
            // Tokens are fractions, so that the last millisecond may be rounded up.
            expect(permit.waitMs - expectedMs).toBeGreaterThanOrEqual(0);
            expect(permit.waitMs - expectedMs).toBeLessThanOrEqual(1);
            longest = Math.max(longest, permit.waitMs);
          }
          expect(budget.tokens).toBeLessThanOrEqual(RETRY_BUDGET.capacity);
        }
      }),
    );
    expect(longest).toBeGreaterThan(10 * MINUTE);
  });

  it("of a client that keeps to it never costs more in a stretch than a full budget and what flows in", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom(...CAUSES), fc.nat(3 * MINUTE)), { maxLength: 300 }), (walk) => {
        let nowMs = 0;
        let budget = fullBudget(0);
        const made: { readonly atMs: number; readonly tokens: number }[] = [];
        for (const [cause, workMs] of walk) {
          const permit = spendRetry(budget, cause, nowMs);
          ({ budget } = permit);
          nowMs += permit.waitMs;
          made.push({ atMs: nowMs, tokens: RETRY_BUDGET.cost[cause] });
          nowMs += workMs;
        }
        for (const [from, first] of made.entries()) {
          let tokens = 0;
          for (const { atMs, tokens: cost } of made.slice(from)) {
            tokens += cost;
            const inflow = ((atMs - first.atMs) / MINUTE) * RETRY_BUDGET.refillPerMinute;
            expect(tokens).toBeLessThanOrEqual(RETRY_BUDGET.capacity + inflow + 1e-6);
          }
        }
      }),
    );
  });
});

describe("what comes back", () => {
  it.each(CAUSES)("%s: a success gives back what its try cost, and no more than fits", (cause) => {
    const spent = spendRetry(fullBudget(0), cause, 0).budget;
    expect(spent.tokens).toBe(RETRY_BUDGET.capacity - RETRY_BUDGET.cost[cause]);
    expect(refundRetry(spent, cause, 0)).toEqual(fullBudget(0));
    expect(refundRetry(fullBudget(0), cause, 5)).toEqual(fullBudget(5));
  });

  it("is full again after an hour without tries, and no fuller after a year", () => {
    let budget = fullBudget(0);
    for (let i = 0; i < 10; i += 1) ({ budget } = spendRetry(budget, "transient", 0));
    expect(spendRetry(budget, "transient", 50 * MINUTE).budget.tokens).toBe(90);
    expect(spendRetry(budget, "transient", 365 * DAY).budget.tokens).toBe(90);
  });

  it("is nothing where the clock was set back", () => {
    const { budget } = spendRetry(fullBudget(DAY), "transient", DAY);
    expect(spendRetry(budget, "transient", 0).budget).toEqual({ tokens: 80, atMs: 0 });
  });
});
