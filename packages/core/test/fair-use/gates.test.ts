/** What is stopped, until when, and for whom it never is. */
import {
  budgetOf,
  capsOf,
  exceededWindows,
  FAIR_USE_STAGES,
  type FairUseAccount,
  isLimited,
  NO_SPEECH,
  NO_STAGE,
  nextUtcMidnight,
  refuseUpload,
  retryAfterSeconds,
  setStage,
  speechGate,
  utcDay,
} from "@holdfast/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { policyWith } from "./policy.ts";

const NOW = Date.UTC(2026, 10, 1, 18);
const HOUR = 3_600_000;
const SIX_HOURS = 6 * 3_600;
const restricted = { ...setStage("restrict", NOW), restrictUntilMs: NOW + 90_000 };

function account(over: Partial<FairUseAccount> = {}): FairUseAccount {
  return { userId: "u1", state: NO_STAGE, totals: NO_SPEECH, budgetUsedMs: 0, ...over };
}

describe("who is limited", () => {
  it("nobody by default, under the kill switch, or by exemption", () => {
    expect(isLimited(policyWith({ FAIR_USE_ENABLED: "" }), "u1")).toBe(false);
    expect(isLimited(policyWith({ FAIR_USE_KILL_SWITCH: "1" }), "u1")).toBe(false);
    expect(isLimited(policyWith({ FAIR_USE_EXEMPT_UIDS: " u0, u1 ,," }), "u1")).toBe(false);
    expect(isLimited(policyWith({ FAIR_USE_EXEMPT_UIDS: "u0" }), "u1")).toBe(true);
  });

  it("by the caps of the reference, and of the plan", () => {
    const policy = policyWith({ FAIR_USE_UNLIMITED_UIDS: "vip" });
    expect(capsOf(policy, "u1")).toEqual({ daily: 2 * HOUR, three_day: 8 * HOUR, weekly: 10 * HOUR });
    expect(capsOf(policy, "vip")).toEqual({ daily: 4 * HOUR, three_day: 16 * HOUR, weekly: 20 * HOUR });
  });

  it("strictly above a cap", () => {
    const caps = capsOf(policyWith(), "u1");
    expect(exceededWindows(caps, caps)).toEqual([]);
    expect(exceededWindows({ ...caps, daily: caps.daily + 1 }, caps)).toEqual(["daily"]);
    expect(exceededWindows({ daily: 0, three_day: caps.three_day + 1, weekly: caps.weekly + 1 }, caps)).toEqual([
      "three_day",
      "weekly",
    ]);
  });
});

describe("speech to text", () => {
  const policy = policyWith();
  it.each(FAIR_USE_STAGES)("in stage %s", (stage) => {
    const spent = account({ state: setStage(stage, NOW), budgetUsedMs: policy.restrictedDailyMs });
    expect(speechGate(policy, spent, NOW).open).toBe(stage !== "restrict");
    expect(speechGate(policy, { ...spent, budgetUsedMs: policy.restrictedDailyMs - 1 }, NOW)).toEqual({
      open: true,
      remainingMs: stage === "restrict" ? 1 : undefined,
    });
  });

  it("opens again at midnight, or when the restriction ends before", () => {
    const spent = account({ state: setStage("restrict", NOW), budgetUsedMs: policy.restrictedDailyMs });
    expect(speechGate(policy, spent, NOW)).toEqual({ open: false, untilMs: NOW + 6 * HOUR });
    expect(speechGate(policy, { ...spent, state: restricted }, NOW)).toEqual({ open: false, untilMs: NOW + 90_000 });
    expect(speechGate(policy, { ...spent, state: restricted }, NOW + 90_000).open).toBe(true);
  });

  it("has no budget where the setting is 0", () => {
    const spent = account({ state: setStage("restrict", NOW), budgetUsedMs: 1e9 });
    const without = policyWith({ FAIR_USE_RESTRICT_DAILY_DG_MS: "0" });
    expect(speechGate(without, spent, NOW)).toEqual({ open: true, remainingMs: undefined });
    expect(budgetOf(without, 5)).toEqual({ limitMs: 0, usedMs: 5, remainingMs: 0, exhausted: false });
  });
});

describe("a fresh upload", () => {
  const policy = policyWith({ FAIR_USE_UNLIMITED_UIDS: "vip" });
  const over = { daily: 2 * HOUR + 1, three_day: 2 * HOUR + 1, weekly: 2 * HOUR + 1 };

  it("is taken in any stage within the caps, and above them in any stage but restrict", () => {
    for (const stage of FAIR_USE_STAGES) {
      expect(refuseUpload(policy, account({ state: setStage(stage, NOW) }), NOW)).toBeUndefined();
      const refused = refuseUpload(policy, account({ state: setStage(stage, NOW), totals: over }), NOW);
      expect(refused?.gate).toBe(stage === "restrict" ? "restriction" : undefined);
    }
  });

  it("is refused until the restriction ends, or an hour where nobody knows when", () => {
    const known = account({ state: restricted, totals: over });
    expect(refuseUpload(policy, known, NOW)).toEqual({ gate: "restriction", retryAfterSeconds: 90 });
    const unknown = account({ state: setStage("restrict", NOW), totals: over });
    expect(refuseUpload(policy, unknown, NOW)).toEqual({ gate: "restriction", retryAfterSeconds: 3_600 });
  });

  it("is measured by the caps of the plan", () => {
    expect(refuseUpload(policy, account({ userId: "vip", state: restricted, totals: over }), NOW)).toBeUndefined();
  });

  it("is refused at the daily ceiling whatever the stage, until midnight; 0 sets none", () => {
    const totals = { ...NO_SPEECH, daily: 30 * HOUR };
    const refusal = { gate: "daily_ceiling", retryAfterSeconds: SIX_HOURS };
    expect(refuseUpload(policy, account({ totals }), NOW)).toEqual(refusal);
    expect(refuseUpload(policy, account({ totals: { ...totals, daily: 30 * HOUR - 1 } }), NOW)).toBeUndefined();
    expect(refuseUpload(policyWith({ MAX_DAILY_AUDIO_HOURS: "0" }), account({ totals }), NOW)).toBeUndefined();
  });

  it("is refused where the budget of the day is used up, because it could not be worked on", () => {
    const spent = account({ state: setStage("restrict", NOW), budgetUsedMs: policy.restrictedDailyMs });
    expect(refuseUpload(policy, spent, NOW)).toEqual({ gate: "budget", retryAfterSeconds: SIX_HOURS });
  });
});

describe("waiting", () => {
  it("is whole seconds, at least one and at most thirty days, wherever it ends", () => {
    fc.assert(
      fc.property(fc.integer({ min: -1e10, max: 1e11 }), (waitMs) => {
        const seconds = retryAfterSeconds(NOW + waitMs, NOW);
        expect(Number.isInteger(seconds)).toBe(true);
        expect(seconds).toBe(Math.min(2_592_000, Math.max(1, Math.ceil(waitMs / 1000))));
      }),
    );
    expect(retryAfterSeconds(undefined, NOW)).toBe(3_600);
  });

  it("never lets a gate stay closed beyond the next midnight", () => {
    const policy = policyWith();
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2e12 }), (nowMs) => {
        expect(utcDay(nowMs)).toBeLessThanOrEqual(nowMs);
        expect(nextUtcMidnight(nowMs)).toBeGreaterThan(nowMs);
        expect(new Date(nextUtcMidnight(nowMs)).toISOString()).toMatch(/T00:00:00\.000Z$/);
        const gate = speechGate(policy, account({ state: setStage("restrict", nowMs), budgetUsedMs: 1e9 }), nowMs);
        expect(!gate.open && gate.untilMs > nowMs && gate.untilMs <= nowMs + 24 * HOUR).toBe(true);
      }),
    );
  });
});
