/**
 * Looks at a user whose speech crossed a cap: at most one run of the classifier in twelve hours, however many sessions and
 * workers ask. A run is a claim, the classifier outside of any transaction, and its verdict: the event, the stage it leads to
 * and the time of the next run are one transaction, written only by whoever holds the claim. A classifier that fails gives
 * the claim back; a process that dies loses it after five minutes.
 *
 * Locks: the user's fair-use row, twice, then a new event row.
 */
import { FAIR_USE } from "@holdfast/contract";
import {
  afterVerdict,
  type Classifier,
  type ClassifierInput,
  capsOf,
  caseRefOf,
  currentStage,
  exceededWindows,
  type FairUsePolicy,
  type FairUseStage,
  isLimited,
  isViolation,
  type Random,
  type Verdict,
} from "@holdfast/core";
import { sql } from "kysely";
import type { Db } from "../database.ts";
import { liveMinutes, loadFairUse, lockFairUseUser, stageColumns, stageOf } from "./account.ts";

export interface EvaluateOptions {
  readonly userId: string;
  /** The recording session or job that made somebody look. */
  readonly sessionId: string | null;
  readonly trigger: "realtime" | "repair" | "sync";
  readonly policy: FairUsePolicy;
  readonly classifier: Classifier;
  readonly random: Random;
  readonly nowMs: number;
}

export interface Evaluation {
  readonly caseRef: string;
  readonly verdict: Verdict;
  readonly previousStage: FairUseStage;
  readonly stage: FairUseStage;
}

/** Undefined where there was nothing to look at, or somebody looked lately. Rejects as the classifier does. */
export async function evaluateFairUse(db: Db, options: EvaluateOptions): Promise<Evaluation | undefined> {
  const { policy, userId, nowMs } = options;
  if (!isLimited(policy, userId)) return undefined;
  const { totals } = await loadFairUse(db, userId, nowMs);
  const caps = capsOf(policy, userId);
  const exceeded = exceededWindows(totals, caps);
  if (exceeded.length === 0) return undefined;
  const claimUntilMs = nowMs + FAIR_USE.classifierLeaseMs;
  if (!(await claimRun(db, userId, claimUntilMs, nowMs))) return undefined;
  try {
    const minutes = await liveMinutes(db, userId, nowMs);
    const input: ClassifierInput = { userId, exceeded, totals, caps, minutes, nowMs };
    const verdict = await options.classifier.classify(input);
    return await recordVerdict(db, options, input, verdict, claimUntilMs);
  } catch (error) {
    await setClassifyAfter(db, userId, claimUntilMs, nowMs).catch(() => {});
    throw error;
  }
}

async function claimRun(db: Db, userId: string, untilMs: number, nowMs: number): Promise<boolean> {
  return await db.transaction().execute(async (trx) => {
    const row = await lockFairUseUser(trx, userId, nowMs);
    if (row.classify_after !== null && row.classify_after > nowMs) return false;
    await trx
      .updateTable("fair_use_users")
      .set({ classify_after: new Date(untilMs) })
      .where("user_id", "=", userId)
      .execute();
    return true;
  });
}

/** Only where the claim is still ours. */
async function setClassifyAfter(db: Db, userId: string, claimUntilMs: number, afterMs: number): Promise<boolean> {
  const result = await db
    .updateTable("fair_use_users")
    .set({ classify_after: new Date(afterMs) })
    .where("user_id", "=", userId)
    .where("classify_after", "=", sql<number>`${new Date(claimUntilMs)}`)
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

async function recordVerdict(
  db: Db,
  { userId, sessionId, trigger, classifier, random, nowMs }: EvaluateOptions,
  input: ClassifierInput,
  verdict: Verdict,
  claimUntilMs: number,
): Promise<Evaluation | undefined> {
  const id = random.uuid();
  const caseRef = caseRefOf(random.uuid());
  return await db.transaction().execute(async (trx) => {
    const row = await lockFairUseUser(trx, userId, nowMs);
    if (!(await setClassifyAfter(trx, userId, claimUntilMs, nowMs + FAIR_USE.classifierCooldownMs))) return undefined;
    const before = currentStage(stageOf(row), nowMs);
    const violation = isViolation(verdict.score);
    const violations = (await violationsSince(trx, userId, nowMs - FAIR_USE.eventWindowMs)) + (violation ? 1 : 0);
    const after = afterVerdict(before, verdict.score, violations, nowMs);
    const acted = after.stage !== before.stage;
    await trx
      .insertInto("fair_use_events")
      .values({
        user_id: userId,
        id,
        case_ref: caseRef,
        session_id: sessionId,
        trigger,
        window_speech_ms: JSON.stringify(input.totals),
        thresholds_ms: JSON.stringify(input.caps),
        classifier: JSON.stringify({ name: classifier.name, ...verdict }),
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
  });
}

/** Violations that count: nobody resolved them, and the user was not reset since. */
export async function violationsSince(db: Db, userId: string, sinceMs: number): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    select count(*) as n from fair_use_events e left join fair_use_users u on u.user_id = e.user_id
    where e.user_id = ${userId} and e.violation and e.resolved_at is null and e.created_at > ${new Date(sinceMs)}
      and (u.reset_at is null or e.created_at > u.reset_at)`.execute(db);
  return Number(rows[0]?.n ?? 0);
}
