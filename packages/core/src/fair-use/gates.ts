/**
 * What fair use stops, and until when. All gates read one account and decide nothing twice.
 *
 * | gate             | closed while                                                                       | stops            |
 * |------------------|------------------------------------------------------------------------------------|------------------|
 * | restriction      | stage `restrict`, and a live window above the cap of the user's plan               | fresh uploads    |
 * | daily ceiling    | the live total of 24 hours is at the ceiling or above, whatever the stage          | fresh uploads    |
 * | budget           | stage `restrict`, and the budget of this UTC day is used up                        | speech to text   |
 *
 * A fresh upload is also refused while the budget is used up, because it could not be worked on (reference offline-sync,
 * defect 29). Live sound, repairs and accepted uploads are never refused by the budget: they wait. Backfill passes every gate.
 */
import { FAIR_USE } from "@holdfast/contract";
import type { WindowTotals } from "./meters.ts";
import { capsOf, exceededWindows, type FairUsePolicy, isLimited } from "./policy.ts";
import { currentStage, type StageState } from "./stages.ts";

const DAY_MS = 86_400_000;

/** What is known of a user. */
export interface FairUseAccount {
  readonly userId: string;
  readonly state: StageState;
  /** Live totals. */
  readonly totals: WindowTotals;
  /** Speech to text spent of the budget of the current UTC day. */
  readonly budgetUsedMs: number;
}

/** What the budget needs to know; it does not look at windows. */
export type BudgetAccount = Omit<FairUseAccount, "totals">;

/** Begin of the UTC day, Unix milliseconds. */
export function utcDay(nowMs: number): number {
  return Math.floor(nowMs / DAY_MS) * DAY_MS;
}

export function nextUtcMidnight(nowMs: number): number {
  return utcDay(nowMs) + DAY_MS;
}

export interface Budget {
  readonly limitMs: number;
  readonly usedMs: number;
  readonly remainingMs: number;
  readonly exhausted: boolean;
}

/** The budget as numbers, whether or not it applies to this user now. */
export function budgetOf(policy: FairUsePolicy, usedMs: number): Budget {
  const limitMs = policy.restrictedDailyMs;
  const remainingMs = Math.max(0, limitMs - usedMs);
  return { limitMs, usedMs, remainingMs, exhausted: limitMs > 0 && remainingMs === 0 };
}

export function isRestricted(policy: FairUsePolicy, { userId, state }: BudgetAccount, nowMs: number): boolean {
  return isLimited(policy, userId) && currentStage(state, nowMs).stage === "restrict";
}

export type SpeechGate =
  /** `remainingMs`: what is left of a budget; undefined where there is none. */
  | { readonly open: true; readonly remainingMs: number | undefined }
  /** Opens by itself at `untilMs` at the latest. */
  | { readonly open: false; readonly untilMs: number };

/** Whether sound of this user may go to a speech engine. */
export function speechGate(policy: FairUsePolicy, account: BudgetAccount, nowMs: number): SpeechGate {
  if (!isRestricted(policy, account, nowMs) || policy.restrictedDailyMs === 0) {
    return { open: true, remainingMs: undefined };
  }
  const { remainingMs, exhausted } = budgetOf(policy, account.budgetUsedMs);
  if (!exhausted) return { open: true, remainingMs };
  const { restrictUntilMs } = currentStage(account.state, nowMs);
  return { open: false, untilMs: Math.min(nextUtcMidnight(nowMs), restrictUntilMs ?? Number.POSITIVE_INFINITY) };
}

export interface UploadRefusal {
  readonly gate: "restriction" | "daily_ceiling" | "budget";
  /** Whole seconds, between 1 and 30 days. */
  readonly retryAfterSeconds: number;
}

/** Why a fresh upload is refused; undefined where it is taken. */
export function refuseUpload(policy: FairUsePolicy, account: FairUseAccount, nowMs: number): UploadRefusal | undefined {
  const { userId, totals } = account;
  if (!isLimited(policy, userId)) return undefined;
  const restricted = isRestricted(policy, account, nowMs);
  if (restricted && exceededWindows(totals, capsOf(policy, userId)).length > 0) {
    const { restrictUntilMs } = currentStage(account.state, nowMs);
    return { gate: "restriction", retryAfterSeconds: retryAfterSeconds(restrictUntilMs ?? undefined, nowMs) };
  }
  const atMidnight = retryAfterSeconds(nextUtcMidnight(nowMs), nowMs);
  if (policy.dailyCeilingMs > 0 && totals.daily >= policy.dailyCeilingMs) {
    return { gate: "daily_ceiling", retryAfterSeconds: atMidnight };
  }
  const gate = speechGate(policy, account, nowMs);
  return gate.open ? undefined : { gate: "budget", retryAfterSeconds: retryAfterSeconds(gate.untilMs, nowMs) };
}

/** Seconds until a moment, rounded up and clamped (reference offline-sync 6.5); an hour where nobody knows it. */
export function retryAfterSeconds(untilMs: number | undefined, nowMs: number): number {
  if (untilMs === undefined || !Number.isFinite(untilMs)) return FAIR_USE.retryAfterDefaultSeconds;
  return Math.min(FAIR_USE.retryAfterMaxSeconds, Math.max(1, Math.ceil((untilMs - nowMs) / 1000)));
}
