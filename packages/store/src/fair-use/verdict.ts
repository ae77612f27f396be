/**
 * Writes what a classifier found: the event with its case, the stage it leads to, and the time of the next run, in the caller's
 * transaction, which holds the user's row. Whoever lost the run (a person decided meanwhile, or a newer run began) writes
 * nothing: the end of the run's time is the claim, and it must still be the one that the caller was given.
 */
import { FAIR_USE } from "@holdfast/contract";
import {
  afterVerdict,
  type ClassifierInput,
  caseRefOf,
  currentStage,
  type FairUseStage,
  isViolation,
  type Verdict,
} from "@holdfast/core";
import { sql } from "kysely";
import type { Db } from "../database.ts";
import { lockFairUseUser, stageColumns, stageOf } from "./account.ts";

/** What made somebody look. */
export interface FairUseTrigger {
  readonly userId: string;
  /** The recording session or job. */
  readonly sessionId: string | null;
  readonly trigger: "realtime" | "repair" | "sync";
}

export interface FoundVerdict extends FairUseTrigger {
  readonly eventId: string;
  /** Makes the case reference; it is secret until the user is told. */
  readonly caseUuid: string;
  /** Who judged. */
  readonly by: string;
  readonly input: ClassifierInput;
  readonly verdict: Verdict;
  readonly runUntilMs: number;
  readonly nowMs: number;
}

export interface Evaluation {
  readonly caseRef: string;
  readonly verdict: Verdict;
  readonly previousStage: FairUseStage;
  readonly stage: FairUseStage;
}

/** Begins a run that ends at `untilMs` at the latest. False where somebody looked lately, or looks now. */
export async function beginRun(trx: Db, userId: string, untilMs: number, nowMs: number): Promise<boolean> {
  const row = await lockFairUseUser(trx, userId, nowMs);
  if (row.classify_after !== null && row.classify_after > nowMs) return false;
  await trx
    .updateTable("fair_use_users")
    .set({ classify_after: new Date(untilMs) })
    .where("user_id", "=", userId)
    .execute();
  return true;
}

/** The next run may begin at `afterMs`. Only where this run is still the one that was begun. */
export async function endRun(db: Db, userId: string, runUntilMs: number, afterMs: number): Promise<boolean> {
  const result = await db
    .updateTable("fair_use_users")
    .set({ classify_after: new Date(afterMs) })
    .where("user_id", "=", userId)
    .where("classify_after", "=", sql<number>`${new Date(runUntilMs)}`)
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

/** Undefined where the run is not the caller's any more; nothing was written then. */
export async function writeVerdict(trx: Db, found: FoundVerdict): Promise<Evaluation | undefined> {
  const { userId, verdict, nowMs, input } = found;
  const row = await lockFairUseUser(trx, userId, nowMs);
  if (!(await endRun(trx, userId, found.runUntilMs, nowMs + FAIR_USE.classifierCooldownMs))) return undefined;
  const before = currentStage(stageOf(row), nowMs);
  const violation = isViolation(verdict.score);
  const violations = (await violationsSince(trx, userId, nowMs - FAIR_USE.eventWindowMs)) + (violation ? 1 : 0);
  const after = afterVerdict(before, verdict.score, violations, nowMs);
  const acted = after.stage !== before.stage;
  const caseRef = caseRefOf(found.caseUuid);
  await trx
    .insertInto("fair_use_events")
    .values({
      user_id: userId,
      id: found.eventId,
      case_ref: caseRef,
      session_id: found.sessionId,
      trigger: found.trigger,
      window_speech_ms: JSON.stringify(input.totals),
      thresholds_ms: JSON.stringify(input.caps),
      classifier: JSON.stringify({ name: found.by, ...verdict }),
      violation,
      enforcement_action: acted ? after.stage : "none",
      previous_stage: before.stage,
      new_stage: after.stage,
      created_at: new Date(nowMs),
      resolved_by: null,
      admin_notes: null,
    })
    .execute();
  await trx
    .updateTable("fair_use_users")
    .set({
      ...stageColumns(after),
      last_classifier_score: verdict.score,
      last_classifier_type: verdict.type,
      updated_at: new Date(nowMs),
      ...(violation ? { last_violation_at: new Date(nowMs) } : {}),
      ...(acted ? { last_case_ref: caseRef } : {}),
      ...(acted && after.stage === "restrict" ? { restrict_reason: verdict.type } : {}),
    })
    .where("user_id", "=", userId)
    .execute();
  return { caseRef, verdict, previousStage: before.stage, stage: after.stage };
}

/** Violations that count: nobody resolved them, and the user was not reset since. */
export async function violationsSince(db: Db, userId: string, sinceMs: number): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    select count(*) as n from fair_use_events e left join fair_use_users u on u.user_id = e.user_id
    where e.user_id = ${userId} and e.violation and e.resolved_at is null and e.created_at > ${new Date(sinceMs)}
      and (u.reset_at is null or e.created_at > u.reset_at)`.execute(db);
  return Number(rows[0]?.n ?? 0);
}
