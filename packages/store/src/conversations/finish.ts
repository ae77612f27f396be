/**
 * Writes what finalisation produced. The transcript is not touched (law L10). Everything is one transaction, fenced by the
 * job's epoch and by the conversation still naming this job: a newer revision, a deletion or a lost lease write nothing.
 *
 * Locks: the conversation row, then the job row.
 */

import type { Structured } from "@holdfast/contract";
import { sql } from "kysely";
import { replaceActionItems, settleTasks } from "../action-items/replace.ts";
import type { Db } from "../database.ts";
import { requestEffects } from "../effects/request.ts";
import type { Job } from "../jobs/job.ts";
import { completeJob, failJob, holdsLease, type JobFailure } from "../jobs/settle.ts";
import { replaceMemories } from "../memories/replace.ts";
import { lockConversation, lockedConversation } from "./lock.ts";

export interface FinalizationResult {
  readonly structured: Structured;
  readonly summaryKind: "basic" | "llm";
  /** Why the summary is only basic, if a language model should have written it. */
  readonly stateReason: string | null;
  readonly discarded: boolean;
  readonly memories: readonly { readonly content: string; readonly category: "interesting" | "system" }[];
  readonly nowMs: number;
}

export type FinishOutcome = "completed" | "fenced" | "lease_lost";

export async function finishConversation(db: Db, job: Job, result: FinalizationResult): Promise<FinishOutcome> {
  const conversationId = job.conversationId ?? "";
  return await db.transaction().execute(async (trx) => {
    const row = await lockedConversation(trx, job.userId, conversationId)
      .select(["finalization_job_id", "finalization_revision", "user_title", "user_summary", "structured"])
      .executeTakeFirst();
    if (!(await holdsLease(trx, job))) return "lease_lost";
    if (row === undefined || row.finalization_job_id !== job.id) {
      await completeJob(trx, job, { outcome: "completed", result: { fenced: true }, nowMs: result.nowMs });
      return "fenced";
    }
    const kept = row.user_title ? String(row.structured.title ?? "") : result.structured.title;
    const home = { userId: job.userId, conversationId };
    const tasks = await settleTasks(trx, home, result.structured.action_items, result.nowMs);
    const overview = row.user_summary ? String(row.structured.overview ?? "") : result.structured.overview;
    const structured = { ...result.structured, title: kept, overview, action_items: tasks };
    await trx
      .updateTable("conversations")
      .set({
        status: "completed",
        structured: JSON.stringify(structured),
        summary_kind: result.summaryKind,
        state_reason: result.stateReason,
        discarded: result.discarded,
        completed_revision: row.finalization_revision,
        updated_at: new Date(result.nowMs),
      })
      .where("user_id", "=", job.userId)
      .where("id", "=", conversationId)
      .execute();
    await refreshSearch(trx, job.userId, conversationId);
    await replaceMemories(trx, home, result.discarded ? [] : result.memories, result.nowMs);
    await replaceActionItems(trx, home, result.discarded ? [] : structured.action_items, result.nowMs);
    const { discarded, nowMs } = result;
    await requestEffects(trx, { ...home, revision: row.finalization_revision, discarded, nowMs });
    await completeJob(trx, job, {
      outcome: "completed",
      result: { summary_kind: result.summaryKind, discarded: result.discarded },
      nowMs: result.nowMs,
    });
    return "completed";
  });
}

/** Recomputes what full-text search looks at: title, overview and every word said. */
export async function refreshSearch(trx: Db, userId: string, conversationId: string): Promise<void> {
  await sql`
    update conversations c set search =
      setweight(to_tsvector('english', coalesce(c.structured ->> 'title', '')), 'A') ||
      setweight(to_tsvector('english', coalesce(c.structured ->> 'overview', '')), 'B') ||
      setweight(to_tsvector('english', coalesce((select string_agg(s.text, ' ' order by s.start_s) from segments s
        where s.user_id = c.user_id and s.conversation_id = c.id), '')), 'C')
    where c.user_id = ${userId} and c.id = ${conversationId}`.execute(trx);
}

/**
 * Records a failed try of a finalisation. The last one ends job and conversation together: `failed`, with the reason visible
 * and the transcript intact. Returns the job's new state, or undefined where the lease was lost.
 */
export async function failFinalization(
  db: Db,
  job: Job,
  failure: JobFailure,
  nowMs: number,
  random: number,
): Promise<Job["state"] | undefined> {
  return await db.transaction().execute(async (trx) => {
    await lockConversation(trx, job.userId, job.conversationId);
    const state = await failJob(trx, job, failure, nowMs, random);
    if (state === undefined) return undefined;
    const ended = state === "dead_letter" || state === "failed";
    await trx
      .updateTable("conversations")
      .set({ state_reason: failure.code, updated_at: new Date(nowMs), ...(ended ? { status: "failed" } : {}) })
      .where("user_id", "=", job.userId)
      .where("id", "=", job.conversationId ?? "")
      .where("finalization_job_id", "=", job.id)
      .execute();
    return state;
  });
}
