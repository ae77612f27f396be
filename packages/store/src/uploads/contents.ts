/**
 * The ledger of contents: each batch of bytes that was ever accepted, by its content id, and which job has it.
 *
 * | the content                                   | a repeat gets                                            |
 * |-----------------------------------------------|----------------------------------------------------------|
 * | is new                                        | a job of its own                                         |
 * | has a job that waits, works, or is completed  | that job                                                 |
 * | was completed, and its job is gone since      | a job that is completed already, with the result kept    |
 * | failed, wholly or in part                     | a job of its own: the claim is free as soon as the end   |
 * |                                               | is visible, because both are the same row                |
 * | failed again and again for the same reason    | a job that is failed already, until the pause is over    |
 *
 * Locks: the content row, by insert or `for update`; no job row. Whoever ends a job locks the content after the job.
 */
import { SYNC } from "@holdfast/contract";
import { isTerminal } from "@holdfast/core";
import { type Selectable, sql } from "kysely";
import type { Db } from "../database.ts";
import type { Job } from "../jobs/job.ts";
import { findJob } from "../jobs/read.ts";
import type { SyncContentsTable } from "../schema-uploads.ts";

export interface ContentKey {
  readonly userId: string;
  readonly contentId: string;
  /** The job that wants it. */
  readonly jobId: string;
  readonly nowMs: number;
}

export type ContentClaim =
  | { readonly claim: "ours" }
  | { readonly claim: "held"; readonly job: Job }
  | { readonly claim: "finished"; readonly result: Readonly<Record<string, unknown>> }
  | { readonly claim: "paused"; readonly untilMs: number };

type ContentRow = Selectable<SyncContentsTable>;

/** Takes the content for this job, or says who has it. Inside the transaction that writes the job. */
export async function claimContent(trx: Db, key: ContentKey): Promise<ContentClaim> {
  const inserted = await trx
    .insertInto("sync_contents")
    .values({
      user_id: key.userId,
      content_id: key.contentId,
      job_id: key.jobId,
      created_at: new Date(key.nowMs),
    })
    .onConflict((conflict) => conflict.columns(["user_id", "content_id"]).doNothing())
    .executeTakeFirst();
  if (inserted.numInsertedOrUpdatedRows === 1n) return { claim: "ours" };
  const row = await trx
    .selectFrom("sync_contents")
    .selectAll()
    .where("user_id", "=", key.userId)
    .where("content_id", "=", key.contentId)
    .forUpdate()
    .executeTakeFirst();
  const holder = row === undefined ? undefined : await findJob(trx, key.userId, row.job_id);
  const other = row === undefined ? undefined : othersClaim(row, holder, key.nowMs);
  if (other !== undefined) return other;
  await trx
    .updateTable("sync_contents")
    .set({ job_id: key.jobId, created_at: new Date(key.nowMs) })
    .where("user_id", "=", key.userId)
    .where("content_id", "=", key.contentId)
    .execute();
  return { claim: "ours" };
}

function othersClaim(row: ContentRow, holder: Job | undefined, nowMs: number): ContentClaim | undefined {
  if (holder !== undefined && (!isTerminal(holder.state) || holder.state === "completed")) {
    return { claim: "held", job: holder };
  }
  if (holder === undefined && row.result !== null && row.created_at > nowMs - SYNC.contentRetentionMs) {
    return { claim: "finished", result: row.result };
  }
  if (row.paused_until !== null && row.paused_until > nowMs) return { claim: "paused", untilMs: row.paused_until };
  return undefined;
}

/**
 * Counts how a job ended against its content, in the transaction that ends it. `cause` names a failure that the same bytes will
 * meet again; null means any other end, which begins the count anew. The third of the same cause within a day pauses the
 * content for a day.
 */
export async function noteContentEnd(
  trx: Db,
  job: Pick<Job, "userId" | "id">,
  cause: string | null,
  nowMs: number,
): Promise<void> {
  const now = new Date(nowMs);
  const begins = sql<boolean>`(failure_cause is distinct from ${cause}
    or failure_first_at <= ${new Date(nowMs - SYNC.repeatWindowMs)})`;
  const count = sql<number>`case when ${begins} then 1 else failure_count + 1 end`;
  await trx
    .updateTable("sync_contents")
    .set(
      cause === null
        ? { failure_cause: null, failure_count: 0, failure_first_at: null, paused_until: null }
        : {
            failure_cause: cause,
            failure_count: count,
            failure_first_at: sql<Date>`case when ${begins} then ${now}::timestamptz else failure_first_at end`,
            paused_until: sql<Date>`case when ${count} >= ${SYNC.repeatFailures}
              then ${new Date(nowMs + SYNC.repeatPauseMs)}::timestamptz end`,
          },
    )
    .where("user_id", "=", job.userId)
    .where("job_id", "=", job.id)
    .execute();
}

/** Keeps the result of a completed job with its content, before the job goes. */
export async function keepContentResult(trx: Db, job: Pick<Job, "userId" | "id">): Promise<void> {
  await sql`update sync_contents c set result = j.result from jobs j
    where c.user_id = ${job.userId} and c.job_id = ${job.id} and j.user_id = c.user_id and j.id = c.job_id
      and j.kind = 'sync' and j.state = 'completed' and j.result is not null`.execute(trx);
}

/** Forgets contents that were claimed long ago and whose job is gone. Returns how many. */
export async function forgetContents(db: Db, nowMs: number, limit: number): Promise<number> {
  const result = await sql`delete from sync_contents c using (
      select user_id, content_id from sync_contents old
      where old.created_at <= ${new Date(nowMs - SYNC.contentRetentionMs)}
        and not exists (select 1 from jobs j where j.user_id = old.user_id and j.id = old.job_id)
      limit ${limit}) gone
    where c.user_id = gone.user_id and c.content_id = gone.content_id`.execute(db);
  return Number(result.numAffectedRows ?? 0n);
}
