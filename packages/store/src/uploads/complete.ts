/**
 * Ends an offline job: its outcome and the finalisation of every conversation it touched are one transaction, so a job that
 * says `completed` has conversations that somebody will finish (law L1).
 *
 * Locks: conversation rows by id, then job rows.
 */
import { isTerminal } from "@holdfast/core";
import { requestFinalization } from "../conversations/admit.ts";
import type { Db } from "../database.ts";
import { fencedTransaction } from "../jobs/fenced-transaction.ts";
import type { Job } from "../jobs/job.ts";
import { type Completion, completeJob, decideFailure, failJob, type JobFailure } from "../jobs/settle.ts";

/** False where the lease was lost; nothing was written then. */
export async function completeUpload(
  db: Db,
  job: Job,
  touchedIds: readonly string[],
  completion: Completion,
): Promise<boolean> {
  const completed = await fencedTransaction(db, async (trx, lost) => {
    await finalizeAll(trx, job.userId, touchedIds, completion.nowMs);
    return (await completeJob(trx, job, completion)) || lost();
  });
  return completed === true;
}

/** In the order of their ids, which is the order in which every transaction locks them. */
async function finalizeAll(trx: Db, userId: string, conversationIds: readonly string[], nowMs: number): Promise<void> {
  for (const conversationId of [...conversationIds].sort()) {
    await requestFinalization(trx, { userId, conversationId, trigger: "finalize", force: false, nowMs });
  }
}

/**
 * Records a failed try of an upload. Where it was the last one, conversations that earlier files of the batch reached are
 * finalised all the same (law L10). Returns the job's new state, or undefined where the lease was lost.
 */
export async function failUpload(
  db: Db,
  job: Job,
  touchedIds: readonly string[],
  failure: JobFailure,
  nowMs: number,
  random: number,
): Promise<Job["state"] | undefined> {
  const decision = decideFailure(job, failure, random);
  const ends = decision !== undefined && isTerminal(decision.state);
  return await fencedTransaction(db, async (trx, lost) => {
    if (ends) await finalizeAll(trx, job.userId, touchedIds, nowMs);
    return (await failJob(trx, job, failure, nowMs, random)) ?? lost();
  });
}
