/**
 * Adds speech to the meters of a user, and to the budget of the day where the user is restricted. Each stretch names its origin
 * (a channel of a recording session, a run of sound in a repair, a file) and its place in it, and origins are counted from
 * front to back: what lies at or before the counted position is a repeat (a job that was retried, a call whose answer was
 * lost), and adds nothing (law L7).
 *
 * Locks: the user's fair-use row, then speech and budget rows of that user. What holds one of those waits for job rows at most,
 * and whoever holds a job row waits for none of these, so this cannot deadlock, also at the end of a transaction that holds a
 * conversation and a recording session.
 */
import {
  type BudgetAccount,
  currentStage,
  LIVE_SOURCES,
  type SpeechSource,
  type StageState,
  utcDay,
} from "@holdfast/core";
import { sql } from "kysely";
import type { Db } from "../database.ts";
import { lockFairUseUser, stageOf } from "./account.ts";

/** Part of a stretch of speech that lies in one minute of capture. */
export interface CountedSpeech {
  readonly origin: string;
  /** Where in the origin it ends; grows from front to back. */
  readonly position: number;
  readonly minuteMs: number;
  readonly speechMs: number;
}

export interface SpeechReport {
  readonly userId: string;
  readonly source: SpeechSource;
  readonly speech: readonly CountedSpeech[];
  readonly nowMs: number;
}

/** Returns the user's stage and budget with this speech in them. */
export async function addSpeech(db: Db, report: SpeechReport): Promise<BudgetAccount> {
  const { userId, nowMs } = report;
  return await db.transaction().execute(async (trx) => {
    const { state, spentMs } = await countSpeech(trx, report);
    return { userId, state, budgetUsedMs: spentMs ?? (await spent(trx, userId, nowMs)) };
  });
}

/** The same as a part of the transaction that stores the words. `spentMs`: of the budget; undefined where none was spent. */
export async function countSpeech(
  trx: Db,
  report: SpeechReport,
): Promise<{ readonly state: StageState; readonly spentMs: number | undefined }> {
  const { userId, nowMs } = report;
  const state = stageOf(await lockFairUseUser(trx, userId, nowMs));
  const addedMs = await count(trx, report);
  const spends = LIVE_SOURCES.includes(report.source) && currentStage(state, nowMs).stage === "restrict";
  return { state, spentMs: spends && addedMs > 0 ? await spend(trx, userId, nowMs, addedMs) : undefined };
}

/** Milliseconds that were not counted before. */
async function count(trx: Db, { userId, source, speech }: SpeechReport): Promise<number> {
  if (speech.length === 0) return 0;
  const column = <T>(of: (part: CountedSpeech) => T): T[] => speech.map(of);
  const { rows } = await sql<{ added_ms: number }>`
    with input as (
      select * from unnest(${column((part) => part.origin)}::text[], ${column((part) => part.position)}::bigint[],
        ${column((part) => new Date(part.minuteMs))}::timestamptz[], ${column((part) => part.speechMs)}::int[])
        as t (origin, position, minute, speech_ms)
    ), added as (
      select i.origin, i.minute, sum(i.speech_ms) as speech_ms, max(i.position) as position
      from input i left join fair_use_speech counted on counted.user_id = ${userId} and counted.source = ${source}
        and counted.origin = i.origin and counted.minute = i.minute
      where counted.position is null or i.position > counted.position
      group by i.origin, i.minute
    ), written as (
      insert into fair_use_speech (user_id, source, origin, minute, speech_ms, position)
      select ${userId}, ${source}, origin, minute, speech_ms, position from added
      on conflict (user_id, source, origin, minute) do update
        set speech_ms = fair_use_speech.speech_ms + excluded.speech_ms, position = excluded.position
      returning 1
    )
    select coalesce((select sum(speech_ms) from added), 0) as added_ms, (select count(*) from written) as written`.execute(
    trx,
  );
  return Number(rows[0]?.added_ms ?? 0);
}

async function spent(trx: Db, userId: string, nowMs: number): Promise<number> {
  const row = await trx
    .selectFrom("fair_use_budgets")
    .select("used_ms")
    .where("user_id", "=", userId)
    .where("day", "=", sql<number>`${new Date(utcDay(nowMs))}`)
    .executeTakeFirst();
  return row?.used_ms ?? 0;
}

async function spend(trx: Db, userId: string, nowMs: number, addedMs: number): Promise<number> {
  const day = new Date(utcDay(nowMs));
  const row = await trx
    .insertInto("fair_use_budgets")
    .values({ user_id: userId, day, used_ms: addedMs })
    .onConflict((conflict) =>
      conflict.columns(["user_id", "day"]).doUpdateSet({ used_ms: sql`fair_use_budgets.used_ms + excluded.used_ms` }),
    )
    .returning("used_ms")
    .executeTakeFirstOrThrow();
  return row.used_ms;
}
