/**
 * Ends a gap-repair job: its words join their conversation, and a finalisation that was blocked on it becomes due, all in
 * one transaction fenced by the job's epoch.
 *
 * Locks: the conversation row, then job rows (the order of `admit.ts`).
 */
import type { Segment } from "@holdfast/contract";
import { sql } from "kysely";
import { shiftSegments, upsertSegments } from "../conversations/segments.ts";
import type { Db } from "../database.ts";
import type { Job } from "../jobs/job.ts";
import { completeJob, failJob, holdsLease, type JobFailure } from "../jobs/settle.ts";

/** Locks the conversation that a repair adds to. Undefined where it was deleted: its audio has no home any more. */
export async function lockConversationStart(
  trx: Db,
  userId: string,
  conversationId: string,
): Promise<{ readonly startedAtMs: number; readonly segmentCount: number } | undefined> {
  const row = await trx
    .selectFrom("conversations")
    .select("started_at")
    .where("user_id", "=", userId)
    .where("id", "=", conversationId)
    .where("deleted_at", "is", null)
    .forUpdate()
    .executeTakeFirst();
  if (row === undefined) return undefined;
  const count = await trx
    .selectFrom("segments")
    .select((eb) => eb.fn.countAll<number>().as("n"))
    .where("user_id", "=", userId)
    .where("conversation_id", "=", conversationId)
    .executeTakeFirstOrThrow();
  return { startedAtMs: row.started_at, segmentCount: Number(count.n) };
}

/**
 * `segmentsAt` gets the conversation's start (Unix milliseconds) and returns the words relative to it.
 * Returns false where the lease was lost; nothing was written then.
 */
export async function commitRepair(
  db: Db,
  job: Job,
  spokenFromMs: number | undefined,
  segmentsAt: (startedAtMs: number) => readonly Segment[],
  nowMs: number,
): Promise<boolean> {
  const conversationId = job.conversationId ?? "";
  return await db.transaction().execute(async (trx) => {
    const home = await lockConversationStart(trx, job.userId, conversationId);
    if (!(await holdsLease(trx, job))) return false;
    let written = 0;
    if (home !== undefined && spokenFromMs !== undefined) {
      const startedAtMs = home.segmentCount === 0 ? spokenFromMs : Math.min(spokenFromMs, home.startedAtMs);
      const segments = segmentsAt(startedAtMs);
      if (home.segmentCount > 0) {
        await shiftSegments(trx, job.userId, conversationId, home.startedAtMs - startedAtMs);
      }
      await upsertSegments(trx, job.userId, conversationId, segments);
      written = segments.length;
      const lastWordMs = startedAtMs + Math.max(0, ...segments.map((segment) => segment.end)) * 1000;
      await trx
        .updateTable("conversations")
        .set({
          started_at: new Date(startedAtMs),
          finished_at: sql`greatest(finished_at, ${new Date(lastWordMs)})`,
          updated_at: new Date(nowMs),
        })
        .where("user_id", "=", job.userId)
        .where("id", "=", conversationId)
        .execute();
    }
    await completeJob(trx, job, { outcome: "completed", result: { segments: written }, nowMs });
    await unblockFinalization(trx, job.userId, conversationId, nowMs);
    return true;
  });
}

/** A finalisation waits only while a repair of its conversation is open; a repair that ended badly does not hold it back. */
export async function unblockFinalization(
  trx: Db,
  userId: string,
  conversationId: string,
  nowMs: number,
): Promise<boolean> {
  const now = new Date(nowMs);
  const result = await trx
    .updateTable("jobs")
    .set({ state: "queued", reason_code: null, due_at: now, updated_at: now })
    .where("user_id", "=", userId)
    .where("conversation_id", "=", conversationId)
    .where("kind", "=", "finalization")
    .where("state", "=", "blocked")
    .where((eb) =>
      eb.not(
        eb.exists(
          eb
            .selectFrom("jobs as repair")
            .select("repair.id")
            .where("repair.user_id", "=", userId)
            .where("repair.conversation_id", "=", conversationId)
            .where("repair.kind", "=", "repair")
            .where("repair.state", "in", ["queued", "leased", "blocked"]),
        ),
      ),
    )
    .executeTakeFirst();
  if (result.numUpdatedRows === 0n) return false;
  await trx
    .updateTable("conversations")
    .set({ state_reason: "awaiting_processing" })
    .where("user_id", "=", userId)
    .where("id", "=", conversationId)
    .where("status", "=", "processing")
    .execute();
  return true;
}

/**
 * Records a failed try of a repair. The last one frees the finalisation that waited for it: its audio is kept, and the job
 * says why it stays untranscribed. Returns the job's new state, or undefined where the lease was lost.
 */
export async function failRepair(
  db: Db,
  job: Job,
  failure: JobFailure,
  nowMs: number,
  random: number,
): Promise<Job["state"] | undefined> {
  return await db.transaction().execute(async (trx) => {
    await lockConversationStart(trx, job.userId, job.conversationId ?? "");
    const state = await failJob(trx, job, failure, nowMs, random);
    if (state === "dead_letter" || state === "failed") {
      await unblockFinalization(trx, job.userId, job.conversationId ?? "", nowMs);
    }
    return state;
  });
}
