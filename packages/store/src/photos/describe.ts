/**
 * Ends the job of a picture: its description is written and the job completed in one transaction, fenced by the job's epoch.
 * A picture that went with its conversation leaves nothing to write.
 *
 * Locks: the conversation row, then the photo, then the job row.
 */
import { lockConversation } from "../conversations/lock.ts";
import type { Db } from "../database.ts";
import type { Job } from "../jobs/job.ts";
import { completeJob, failJob, holdsLease, type JobFailure } from "../jobs/settle.ts";

/** False where the lease was lost; nothing was written then. */
export async function describePhoto(
  db: Db,
  job: Job,
  photoId: string,
  result: { readonly description: string; readonly reason: string | null; readonly nowMs: number },
): Promise<boolean> {
  return await db.transaction().execute(async (trx) => {
    await lockConversation(trx, job.userId, job.conversationId);
    if (!(await holdsLease(trx, job))) return false;
    await write(trx, job, photoId, result.description, result.nowMs);
    const outcome = { described: result.description !== "" };
    return await completeJob(trx, job, {
      outcome: "completed",
      result: outcome,
      reasonCode: result.reason,
      nowMs: result.nowMs,
    });
  });
}

/**
 * Records a failed try. The last one leaves the picture without a description, and says so, so that nobody waits for one.
 * Returns the job's new state, or undefined where the lease was lost.
 */
export async function failPhoto(
  db: Db,
  job: Job,
  photoId: string,
  failure: JobFailure,
  at: { readonly nowMs: number; readonly random: number },
): Promise<Job["state"] | undefined> {
  return await db.transaction().execute(async (trx) => {
    await lockConversation(trx, job.userId, job.conversationId);
    const state = await failJob(trx, job, failure, at.nowMs, at.random);
    if (state === "dead_letter" || state === "failed") await write(trx, job, photoId, "", at.nowMs);
    return state;
  });
}

async function write(trx: Db, job: Job, photoId: string, description: string, nowMs: number): Promise<void> {
  await trx
    .updateTable("photos")
    .set({ description, described_at: new Date(nowMs) })
    .where("user_id", "=", job.userId)
    .where("conversation_id", "=", job.conversationId ?? "")
    .where("id", "=", photoId)
    .where("described_at", "is", null)
    .execute();
}
