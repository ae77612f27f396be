/**
 * Ends an offline job: its outcome and the finalisation of every conversation it touched are one transaction, so a job that
 * says `completed` has conversations that somebody will finish (law L1).
 *
 * Locks: conversation rows by id, then job rows.
 */
import { requestFinalization } from "../conversations/admit.ts";
import type { Db } from "../database.ts";
import type { Job } from "../jobs/job.ts";
import { type Completion, completeJob, failJob, type JobFailure } from "../jobs/settle.ts";

/** False where the lease was lost; nothing was written then. */
export async function completeUpload(
  db: Db,
  job: Job,
  touchedIds: readonly string[],
  completion: Completion,
): Promise<boolean> {
  return await db
    .transaction()
    .execute(async (trx) => {
      for (const conversationId of [...touchedIds].sort()) {
        await requestFinalization(trx, {
          userId: job.userId,
          conversationId,
          trigger: "finalize",
          force: false,
          nowMs: completion.nowMs,
        });
      }
      if (await completeJob(trx, job, completion)) return true;
      throw new LeaseLost();
    })
    .catch((error: unknown) => {
      if (error instanceof LeaseLost) return false;
      throw error;
    });
}

/** Rolls the transaction back; never leaves this module. */
class LeaseLost extends Error {}

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
  return await db.transaction().execute(async (trx) => {
    const state = await failJob(trx, job, failure, nowMs, random);
    if (state !== "failed" && state !== "dead_letter") return state;
    for (const conversationId of [...touchedIds].sort()) {
      await requestFinalization(trx, { userId: job.userId, conversationId, trigger: "finalize", force: false, nowMs });
    }
    return state;
  });
}
