/**
 * What a person decides about a user: another stage, a clean slate, or that an event was wrong. A person's word holds for a
 * while: the classifier does not run again before its ordinary time. What waited for the budget is due at once, in the same
 * transaction, and asks again.
 *
 * Locks: the user's fair-use row, then job rows of that user. Whoever holds a job row never waits for a fair-use row.
 */
import { FAIR_USE } from "@holdfast/contract";
import { type FairUseStage, NO_STAGE, setStage, utcDay } from "@holdfast/core";
import { sql } from "kysely";
import type { Db } from "../database.ts";
import { lockFairUseUser, stageColumns } from "./account.ts";

interface Decision {
  readonly userId: string;
  /** Who decides, for whoever reads it later. */
  readonly by: string;
  readonly nowMs: number;
}

/** A restriction set by hand lasts until a person ends it. */
export async function setFairUseStage(db: Db, { userId, by, nowMs }: Decision, stage: FairUseStage): Promise<void> {
  await db.transaction().execute(async (trx) => {
    await lockFairUseUser(trx, userId, nowMs);
    await trx
      .updateTable("fair_use_users")
      .set({
        ...stageColumns(setStage(stage, nowMs)),
        restrict_reason: stage === "restrict" ? by : null,
        classify_after: new Date(nowMs + FAIR_USE.classifierCooldownMs),
        updated_at: new Date(nowMs),
      })
      .where("user_id", "=", userId)
      .execute();
    await wakeWaitingJobs(trx, userId, nowMs);
  });
}

/** No stage, no case, a whole budget, and no earlier violation counts. Speech stays counted: it was said. */
export async function resetFairUse(db: Db, { userId, by, nowMs }: Decision): Promise<void> {
  await db.transaction().execute(async (trx) => {
    await lockFairUseUser(trx, userId, nowMs);
    await trx
      .updateTable("fair_use_users")
      .set({
        ...stageColumns(NO_STAGE),
        ...{ restrict_reason: null, last_violation_at: null, last_case_ref: null },
        ...{ last_classifier_score: null, last_classifier_type: null },
        classify_after: new Date(nowMs + FAIR_USE.classifierCooldownMs),
        reset_by: by,
        reset_at: new Date(nowMs),
        updated_at: new Date(nowMs),
      })
      .where("user_id", "=", userId)
      .execute();
    await trx
      .deleteFrom("fair_use_budgets")
      .where("user_id", "=", userId)
      .where("day", "=", sql<number>`${new Date(utcDay(nowMs))}`)
      .execute();
    await wakeWaitingJobs(trx, userId, nowMs);
  });
}

/** The event counts no more. False where there is none of this id. */
export async function resolveFairUseEvent(
  db: Db,
  { userId, by, nowMs }: Decision,
  eventId: string,
  notes: string,
): Promise<boolean> {
  const result = await db
    .updateTable("fair_use_events")
    .set({ resolved_at: new Date(nowMs), resolved_by: by, admin_notes: notes })
    .where("user_id", "=", userId)
    .where("id", "=", eventId)
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

async function wakeWaitingJobs(trx: Db, userId: string, nowMs: number): Promise<void> {
  const now = new Date(nowMs);
  await trx
    .updateTable("jobs")
    .set({ due_at: now })
    .where("user_id", "=", userId)
    .where("state", "=", "queued")
    .where("reason_code", "in", [FAIR_USE.repairWaits, FAIR_USE.syncWaits])
    .where("due_at", ">", sql<number>`${now}`)
    .execute();
}
