/**
 * The ladder of fair use. Up, only by a verdict of the classifier; down, by time alone, one step after the other:
 *
 * | stage    | up, by a violation (score of the gate or more)    | down                                                         |
 * |----------|---------------------------------------------------|--------------------------------------------------------------|
 * | none     | warning                                           | -                                                            |
 * | warning  | throttle, with 2 violations in 7 days             | none, 7 days after the last violation                        |
 * | throttle | restrict, with 3 violations in 7 days             | warning, 7 days after it began (then none, as above)         |
 * | restrict | -                                                 | throttle, 30 days after it began, and from there on 7 days   |
 *
 * The original stores an end of `throttle` that it never looks at and has none for `warning`, while its text to the user
 * promises that both end by themselves (reference offline-sync 6.3). Here the promise is kept: what is stored is evaluated
 * whenever it is read (`currentStage`), so no timer is needed and none can be missed. A violation counts for 7 days, which is
 * why a warning lasts exactly as long as the violation behind it. Resolved events do not count.
 *
 * A person may set any stage (`setStage`); a restriction set by hand lasts until a person ends it.
 */
import { FAIR_USE } from "@holdfast/contract";

export const FAIR_USE_STAGES = ["none", "warning", "throttle", "restrict"] as const;
export type FairUseStage = (typeof FAIR_USE_STAGES)[number];

export interface StageState {
  readonly stage: FairUseStage;
  /** Ends of the stages, Unix milliseconds. Null for a stage that is not there, or that only a person ends. */
  readonly warningUntilMs: number | null;
  readonly throttleUntilMs: number | null;
  readonly restrictUntilMs: number | null;
}

export const NO_STAGE: StageState = {
  stage: "none",
  warningUntilMs: null,
  throttleUntilMs: null,
  restrictUntilMs: null,
};

/** The stage as it is now: everything that time has ended is gone. */
export function currentStage(state: StageState, nowMs: number): StageState {
  switch (state.stage) {
    case "none":
      return NO_STAGE;
    case "warning":
      return isOver(state.warningUntilMs, nowMs)
        ? NO_STAGE
        : { ...NO_STAGE, stage: "warning", warningUntilMs: state.warningUntilMs };
    case "throttle": {
      if (!isOver(state.throttleUntilMs, nowMs)) return { ...state, restrictUntilMs: null };
      // Without a violation that still counts there is nothing left to warn of.
      const warned = state.warningUntilMs ?? 0;
      return currentStage({ ...NO_STAGE, stage: "warning", warningUntilMs: warned }, nowMs);
    }
    case "restrict": {
      if (state.restrictUntilMs === null || state.restrictUntilMs > nowMs) return { ...state, throttleUntilMs: null };
      const throttleUntilMs = state.restrictUntilMs + FAIR_USE.throttleMs;
      return currentStage({ ...state, stage: "throttle", throttleUntilMs, restrictUntilMs: null }, nowMs);
    }
    default:
      return state.stage satisfies never;
  }
}

function isOver(untilMs: number | null, nowMs: number): boolean {
  return untilMs !== null && untilMs <= nowMs;
}

export function isViolation(score: number): boolean {
  return score >= FAIR_USE.classifierGate;
}

/**
 * The stage after a verdict. `violations7d` counts the violations of the last 7 days that nobody resolved, this one included.
 * What is no violation changes nothing.
 */
export function afterVerdict(state: StageState, score: number, violations7d: number, nowMs: number): StageState {
  const current = currentStage(state, nowMs);
  if (!isViolation(score)) return current;
  const warned = { ...current, warningUntilMs: nowMs + FAIR_USE.warningMs };
  switch (current.stage) {
    case "none":
      return { ...warned, stage: "warning" };
    case "warning":
      if (violations7d < 2) return warned;
      return { ...warned, stage: "throttle", throttleUntilMs: nowMs + FAIR_USE.throttleMs };
    case "throttle":
      if (violations7d < 3) return warned;
      return { ...warned, stage: "restrict", throttleUntilMs: null, restrictUntilMs: nowMs + FAIR_USE.restrictMs };
    case "restrict":
      return warned;
    default:
      return current.stage satisfies never;
  }
}

/** A stage set by hand, with its ordinary end; `restrict` has none (reference offline-sync 6.7). */
export function setStage(stage: FairUseStage, nowMs: number): StageState {
  const warningUntilMs = nowMs + FAIR_USE.warningMs;
  switch (stage) {
    case "none":
      return NO_STAGE;
    case "warning":
      return { ...NO_STAGE, stage, warningUntilMs };
    case "throttle":
      return { ...NO_STAGE, stage, throttleUntilMs: nowMs + FAIR_USE.throttleMs };
    case "restrict":
      return { ...NO_STAGE, stage };
    default:
      return stage satisfies never;
  }
}

export function parseStage(text: string): FairUseStage | undefined {
  return FAIR_USE_STAGES.find((stage) => stage === text);
}

/** When the stage ends by itself, Unix milliseconds; undefined where it does not. */
export function stageEnd(state: StageState): number | undefined {
  const ends = {
    none: null,
    warning: state.warningUntilMs,
    throttle: state.throttleUntilMs,
    restrict: state.restrictUntilMs,
  };
  return ends[state.stage] ?? undefined;
}
