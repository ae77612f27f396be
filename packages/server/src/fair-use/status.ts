/**
 * `GET /v1/fair-use/status`: what a user has used and what that means (reference offline-sync 6.6). Limits are those of the
 * user's plan, where the original shows the default ones to everybody (defect 22), and the stage is the one of now.
 */
import {
  type Budget,
  budgetOf,
  capsOf,
  currentStage,
  FAIR_USE_STAGES,
  type FairUseAccount,
  type FairUsePolicy,
  fairUseMessage,
  isLimited,
  nextUtcMidnight,
} from "@holdfast/core";
import { z } from "zod";

const HOUR_MS = 3_600_000;

export const FairUseStageName = z.enum(FAIR_USE_STAGES);

export const FairUseStatus = z.object({
  stage: FairUseStageName,
  case_ref: z.string(),
  speech_hours_today: z.number(),
  speech_hours_3day: z.number(),
  speech_hours_weekly: z.number(),
  limits: z.object({ daily_hours: z.number(), three_day_hours: z.number(), weekly_hours: z.number() }),
  usage_pct: z.object({ daily: z.number(), three_day: z.number(), weekly: z.number() }),
  dg_budget: z.object({
    daily_limit_ms: z.number().int(),
    used_ms: z.number().int(),
    remaining_ms: z.number().int(),
    exhausted: z.boolean(),
    resets_at: z.string().nullable(),
  }),
  message: z.string(),
});
export type FairUseStatus = z.infer<typeof FairUseStatus>;

export function fairUseStatus(
  policy: FairUsePolicy,
  account: FairUseAccount,
  lastCaseRef: string | null,
  nowMs: number,
): FairUseStatus {
  const limited = isLimited(policy, account.userId);
  const { stage } = limited ? currentStage(account.state, nowMs) : { stage: "none" as const };
  const caseRef = stage === "none" ? "" : (lastCaseRef ?? "");
  const caps = capsOf(policy, account.userId);
  const { totals } = account;
  return {
    stage,
    case_ref: caseRef,
    speech_hours_today: hours(totals.daily),
    speech_hours_3day: hours(totals.three_day),
    speech_hours_weekly: hours(totals.weekly),
    limits: {
      daily_hours: hours(caps.daily),
      three_day_hours: hours(caps.three_day),
      weekly_hours: hours(caps.weekly),
    },
    usage_pct: {
      daily: percent(totals.daily, caps.daily),
      three_day: percent(totals.three_day, caps.three_day),
      weekly: percent(totals.weekly, caps.weekly),
    },
    dg_budget: budgetView(budgetOf(policy, account.budgetUsedMs), limited ? nextUtcMidnight(nowMs) : null),
    message: fairUseMessage(stage, caseRef),
  };
}

function budgetView({ limitMs, usedMs, remainingMs, exhausted }: Budget, resetsMs: number | null) {
  return {
    daily_limit_ms: limitMs,
    used_ms: usedMs,
    remaining_ms: remainingMs,
    exhausted,
    // One form of a time, without fractions (defect 23).
    resets_at: resetsMs === null ? null : new Date(resetsMs).toISOString().replace(/\.\d+Z$/, "Z"),
  };
}

function hours(ms: number): number {
  return Math.round((ms / HOUR_MS) * 100) / 100;
}

/** May be more than 100. */
function percent(usedMs: number, capMs: number): number {
  return capMs === 0 ? 0 : Math.round((usedMs / capMs) * 1000) / 10;
}
