/** The ladder: every cell of its table, and that it can always be left by waiting. */
import { FAIR_USE } from "@holdfast/contract";
import {
  afterVerdict,
  currentStage,
  FAIR_USE_STAGES,
  type FairUseStage,
  NO_STAGE,
  parseStage,
  type StageState,
  setStage,
  stageEnd,
} from "@holdfast/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const NOW = Date.UTC(2026, 10, 1, 12);
const DAY = 86_400_000;
const GATE = FAIR_USE.classifierGate;

/** Each stage as a verdict leaves it, at `NOW`. */
const AT: Readonly<Record<FairUseStage, StageState>> = {
  none: NO_STAGE,
  warning: { ...NO_STAGE, stage: "warning", warningUntilMs: NOW + 7 * DAY },
  throttle: { ...NO_STAGE, stage: "throttle", warningUntilMs: NOW + 7 * DAY, throttleUntilMs: NOW + 7 * DAY },
  restrict: { ...NO_STAGE, stage: "restrict", warningUntilMs: NOW + 7 * DAY, restrictUntilMs: NOW + 30 * DAY },
};

describe("a verdict", () => {
  /** The next stage by the number of violations in 7 days, 1 to 4. */
  const UP: Readonly<Record<FairUseStage, readonly FairUseStage[]>> = {
    none: ["warning", "warning", "warning", "warning"],
    warning: ["warning", "throttle", "throttle", "throttle"],
    throttle: ["throttle", "throttle", "restrict", "restrict"],
    restrict: ["restrict", "restrict", "restrict", "restrict"],
  };

  it.each(FAIR_USE_STAGES)("of misuse leads up from %s by the table", (stage) => {
    for (const [index, expected] of UP[stage].entries()) {
      expect(afterVerdict(AT[stage], GATE, index + 1, NOW).stage).toBe(expected);
    }
  });

  it.each(FAIR_USE_STAGES)("below the gate changes nothing in %s", (stage) => {
    expect(afterVerdict(AT[stage], GATE - 0.001, 4, NOW)).toEqual(AT[stage]);
  });

  it("gives each stage its end", () => {
    expect(afterVerdict(NO_STAGE, 1, 1, NOW)).toEqual(AT.warning);
    expect(afterVerdict(AT.warning, 1, 2, NOW)).toEqual(AT.throttle);
    expect(afterVerdict(AT.throttle, 1, 3, NOW)).toEqual(AT.restrict);
  });

  it("does not lengthen a throttle or a restriction, but the warning after it", () => {
    const later = NOW + DAY;
    expect(afterVerdict(AT.throttle, 1, 2, later)).toEqual({ ...AT.throttle, warningUntilMs: later + 7 * DAY });
    expect(afterVerdict(AT.restrict, 1, 4, later).restrictUntilMs).toBe(NOW + 30 * DAY);
  });

  it("begins from where time has brought the user, not from what is stored", () => {
    expect(afterVerdict(AT.restrict, 1, 1, NOW + 60 * DAY).stage).toBe("warning");
  });
});

describe("time", () => {
  it.each([
    ["warning", 7 * DAY - 1, "warning"],
    ["warning", 7 * DAY, "none"],
    ["throttle", 7 * DAY - 1, "throttle"],
    ["throttle", 7 * DAY, "none"],
    ["restrict", 30 * DAY - 1, "restrict"],
    ["restrict", 30 * DAY, "throttle"],
    ["restrict", 37 * DAY - 1, "throttle"],
    ["restrict", 37 * DAY, "none"],
  ] as const)("brings %s after %i ms to %s", (stage, afterMs, expected) => {
    expect(currentStage(AT[stage], NOW + afterMs).stage).toBe(expected);
  });

  it("leads from a throttle to a warning while a violation still counts", () => {
    const state = { ...AT.throttle, warningUntilMs: NOW + 10 * DAY };
    expect(currentStage(state, NOW + 8 * DAY)).toEqual({
      ...NO_STAGE,
      stage: "warning",
      warningUntilMs: NOW + 10 * DAY,
    });
    expect(currentStage(state, NOW + 10 * DAY)).toEqual(NO_STAGE);
  });

  it("never ends a restriction that a person set", () => {
    const state = setStage("restrict", NOW);
    expect(currentStage(state, NOW + 10_000 * DAY).stage).toBe("restrict");
    expect(stageEnd(state)).toBeUndefined();
  });
});

describe("a stage set by hand", () => {
  it.each(["warning", "throttle"] as const)("%s has its ordinary end", (stage) => {
    const state = setStage(stage, NOW);
    expect(stageEnd(state)).toBe(NOW + 7 * DAY);
    expect(currentStage(state, NOW)).toEqual(state);
    expect(currentStage(state, NOW + 7 * DAY)).toEqual(NO_STAGE);
  });
  it("none clears everything", () => expect(setStage("none", NOW)).toEqual(NO_STAGE));
  it("is known by its name only", () => {
    expect(parseStage("restrict")).toBe("restrict");
    expect(parseStage("Restrict")).toBeUndefined();
  });
});

describe("any history", () => {
  const step = fc.record({
    waitMs: fc.integer({ min: 0, max: 20 * DAY }),
    score: fc.constantFrom(0, 0.5, GATE, 1),
    violations: fc.integer({ min: 1, max: 6 }),
  });
  const RANK: Readonly<Record<FairUseStage, number>> = { none: 0, warning: 1, throttle: 2, restrict: 3 };

  it("climbs one step at a time, goes down by waiting only, and reading it twice says the same", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
        let state = NO_STAGE;
        let nowMs = NOW;
        for (const { waitMs, score, violations } of steps) {
          nowMs += waitMs;
          const before = currentStage(state, nowMs);
          expect(currentStage(before, nowMs)).toEqual(before);
          expect(RANK[before.stage]).toBeLessThanOrEqual(RANK[state.stage]);
          state = afterVerdict(state, score, violations, nowMs);
          const up = RANK[state.stage] - RANK[before.stage];
          expect(up).toBeGreaterThanOrEqual(0);
          expect(up).toBeLessThanOrEqual(score >= GATE ? 1 : 0);
          expect(state.stage === "none").toBe(stageEnd(state) === undefined);
        }
        expect(currentStage(state, nowMs + 38 * DAY)).toEqual(NO_STAGE);
      }),
    );
  });

  it("reaches the same stage whether time passes at once or bit by bit", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...FAIR_USE_STAGES),
        fc.array(fc.integer({ min: 0, max: 9 * DAY }), { maxLength: 8 }),
        (stage, waits) => {
          let nowMs = NOW;
          let state = AT[stage];
          for (const waitMs of waits) {
            nowMs += waitMs;
            state = currentStage(state, nowMs);
          }
          expect(state).toEqual(currentStage(AT[stage], nowMs));
        },
      ),
    );
  });
});
