/** What is known of a user's use: stage, live totals, budget of the day. Reads only, but for the lock at the end. */
import {
  type FairUseAccount,
  type FairUseStage,
  LIVE_SOURCES,
  NO_STAGE,
  type SpeechMinute,
  type StageState,
  utcDay,
  windowStart,
} from "@holdfast/core";
import { type Selectable, sql } from "kysely";
import type { Db } from "../database.ts";
import type { FairUseUsersTable } from "../schema-fair-use.ts";

export type FairUseUserRow = Selectable<FairUseUsersTable>;

export async function loadFairUse(db: Db, userId: string, nowMs: number): Promise<FairUseAccount> {
  const since = (window: "daily" | "three_day" | "weekly"): Date => new Date(windowStart(window, nowMs));
  const { rows } = await sql<{ daily: number; three_day: number; weekly: number; used_ms: number }>`
    select coalesce(sum(speech_ms) filter (where minute > ${since("daily")}), 0) as daily,
      coalesce(sum(speech_ms) filter (where minute > ${since("three_day")}), 0) as three_day,
      coalesce(sum(speech_ms), 0) as weekly,
      coalesce((select used_ms from fair_use_budgets where user_id = ${userId} and day = ${new Date(utcDay(nowMs))}), 0)
        as used_ms
    from fair_use_speech
    where user_id = ${userId} and minute > ${since("weekly")} and source in (${sql.join(LIVE_SOURCES)})`.execute(db);
  const [sums] = rows;
  const totals = {
    daily: Number(sums?.daily ?? 0),
    three_day: Number(sums?.three_day ?? 0),
    weekly: Number(sums?.weekly ?? 0),
  };
  const row = await findFairUseUser(db, userId);
  return { userId, state: row === undefined ? NO_STAGE : stageOf(row), totals, budgetUsedMs: sums?.used_ms ?? 0 };
}

/** The row as it is stored; `currentStage` says what time has made of it. */
export async function findFairUseUser(db: Db, userId: string): Promise<FairUseUserRow | undefined> {
  return await db.selectFrom("fair_use_users").selectAll().where("user_id", "=", userId).executeTakeFirst();
}

/** Live speech of the last week, oldest first, one entry a minute. */
export async function liveMinutes(db: Db, userId: string, nowMs: number): Promise<SpeechMinute[]> {
  const rows = await db
    .selectFrom("fair_use_speech")
    .select((eb) => ["minute", eb.fn.sum<string>("speech_ms").as("speech_ms")])
    .where("user_id", "=", userId)
    .where("source", "in", [...LIVE_SOURCES])
    .where("minute", ">", sql<number>`${new Date(windowStart("weekly", nowMs))}`)
    .groupBy("minute")
    .orderBy("minute")
    .execute();
  return rows.map((row) => ({ minuteMs: row.minute, speechMs: Number(row.speech_ms) }));
}

export function stageOf(row: FairUseUserRow): StageState {
  return {
    stage: row.stage as FairUseStage,
    warningUntilMs: row.warning_until,
    throttleUntilMs: row.throttle_until,
    restrictUntilMs: row.restrict_until,
  };
}

export function stageColumns(state: StageState) {
  const at = (ms: number | null): Date | null => (ms === null ? null : new Date(ms));
  return {
    stage: state.stage,
    warning_until: at(state.warningUntilMs),
    throttle_until: at(state.throttleUntilMs),
    restrict_until: at(state.restrictUntilMs),
  };
}

/**
 * The user's row, made if it is not there, and locked until the transaction ends: whatever is decided about one user is
 * decided in order.
 */
export async function lockFairUseUser(trx: Db, userId: string, nowMs: number): Promise<FairUseUserRow> {
  const locked = () =>
    trx.selectFrom("fair_use_users").selectAll().where("user_id", "=", userId).forUpdate().executeTakeFirst();
  const known = await locked();
  if (known !== undefined) return known;
  await trx
    .insertInto("fair_use_users")
    .values({
      ...{ user_id: userId, restrict_reason: null, last_classifier_score: null, last_classifier_type: null },
      ...{ last_case_ref: null, reset_by: null, updated_at: new Date(nowMs) },
    })
    .onConflict((conflict) => conflict.column("user_id").doNothing())
    .execute();
  const row = await locked();
  if (row === undefined) throw new Error("the row of a user's fair use vanished");
  return row;
}
