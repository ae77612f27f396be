/**
 * A person asks for a job again that ended without its result, or that is blocked by nothing: a new generation with all its
 * attempts, and the conversation it works for says `processing` again, in one transaction (law L1).
 *
 * | kind         | besides the job itself                                                                             |
 * |--------------|----------------------------------------------------------------------------------------------------|
 * | finalization | its conversation, if it still waits for this job; a newer revision has taken its place otherwise   |
 * | enrichment   | nothing: it looks at its conversation when it begins                                               |
 * | repair       | a new finalisation, which waits for the words                                                      |
 * | sync         | begins with the first file again (ids are functions of the content), unless its content went on in |
 * |              | another job                                                                                        |
 *
 * Locks: the conversation row, then the job row, then a new job row.
 */

import { stepJob } from "@holdfast/core";
import { sql } from "kysely";
import { requestFinalization } from "../conversations/admit.ts";
import { lockedConversation } from "../conversations/lock.ts";
import type { Db } from "../database.ts";
import { type Job, jobOf } from "./job.ts";
import { findJobOfAnyUser } from "./read.ts";

export type RetryOutcome =
  | { readonly outcome: "queued"; readonly job: Job }
  | { readonly outcome: "missing" }
  /** It is in work, waits for its turn, or is completed. */
  | { readonly outcome: "not_retryable"; readonly job: Job }
  /** It waits for words that a repair will bring. */
  | { readonly outcome: "awaiting_repair"; readonly job: Job }
  /** Another job has taken its place, or its conversation is gone. */
  | { readonly outcome: "superseded"; readonly job: Job };

export async function retryJob(db: Db, id: string, nowMs: number): Promise<RetryOutcome> {
  const known = await findJobOfAnyUser(db, id);
  if (known === undefined) return { outcome: "missing" };
  return await db.transaction().execute(async (trx) => {
    const conversation = await lockedConversation(trx, known.userId, known.conversationId)
      .select(["status", "finalization_job_id"])
      .executeTakeFirst();
    const job = await lockJob(trx, known);
    if (job === undefined) return { outcome: "missing" };
    const next = stepJob(job, { type: "retry" }, 0);
    if (next === undefined) return { outcome: "not_retryable", job };
    const isMain = job.kind === "finalization" && job.payload.trigger !== "enrich";
    if (isMain && conversation?.finalization_job_id !== job.id) return { outcome: "superseded", job };
    if (job.kind === "sync" && !(await ownsContent(trx, job))) return { outcome: "superseded", job };
    if (job.state === "blocked" && (await hasOpenRepair(trx, job))) return { outcome: "awaiting_repair", job };
    await trx
      .updateTable("jobs")
      .set({
        state: next.state,
        attempts: next.attempts,
        tries: next.tries,
        lost_leases: next.lostLeases,
        generation: next.generation,
        due_at: new Date(nowMs),
        ...{ reason_code: null, failure_class: null, last_error: null, result: null, stage: null, completed_at: null },
        ...(job.kind === "sync" ? { progress: null } : {}),
        updated_at: new Date(nowMs),
      })
      .where("user_id", "=", job.userId)
      .where("id", "=", job.id)
      .execute();
    if (isMain) await reopen(trx, job, nowMs);
    if (job.kind === "repair" && conversation !== undefined && conversation.status !== "in_progress") {
      const { userId, conversationId } = job;
      const request = {
        userId,
        conversationId: conversationId ?? "",
        trigger: "finalize",
        force: false,
        nowMs,
      } as const;
      await requestFinalization(trx, request);
    }
    return { outcome: "queued", job: { ...job, ...next, dueMs: nowMs } };
  });
}

async function lockJob(trx: Db, { userId, id }: Job): Promise<Job | undefined> {
  const row = await trx
    .selectFrom("jobs")
    .selectAll()
    .where("user_id", "=", userId)
    .where("id", "=", id)
    .forUpdate()
    .executeTakeFirst();
  return row === undefined ? undefined : jobOf(row);
}

/** A client that sent the same recordings again got a job of its own for them. */
async function ownsContent(trx: Db, job: Job): Promise<boolean> {
  const row = await trx
    .selectFrom("sync_contents")
    .select("content_id")
    .where("user_id", "=", job.userId)
    .where("job_id", "=", job.id)
    .executeTakeFirst();
  return row !== undefined;
}

async function hasOpenRepair(trx: Db, job: Job): Promise<boolean> {
  const { rows } = await sql`select 1 from jobs where user_id = ${job.userId}
    and conversation_id = ${job.conversationId} and kind = 'repair' and state in ('queued', 'leased', 'blocked')
    limit 1`.execute(trx);
  return rows.length > 0;
}

async function reopen(trx: Db, job: Job, nowMs: number): Promise<void> {
  await trx
    .updateTable("conversations")
    .set({
      status: sql`case when status = 'merging' then 'merging' else 'processing' end`,
      state_reason: "awaiting_processing",
      updated_at: new Date(nowMs),
    })
    .where("user_id", "=", job.userId)
    .where("id", "=", job.conversationId ?? "")
    .execute();
}
