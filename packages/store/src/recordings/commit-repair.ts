/**
 * What a gap-repair job writes: its words join their conversation part by part, each with the progress of the job, and at the
 * end a finalisation that was blocked on it becomes due. Each step is one transaction fenced by the job's epoch.
 *
 * Sound may reach a conversation shortly after its end (its session hears of that a little later), so a repair may find it
 * being finalised or completed: it is then finalised again, and waits for the repair, from the commit of the first words on.
 *
 * Locks: the conversation row, then job rows (the order of `admit.ts`).
 */

import type { Segment } from "@holdfast/contract";
import { sql } from "kysely";
import { requestFinalization } from "../conversations/admit.ts";
import { lockedConversation } from "../conversations/lock.ts";
import { shiftSegments, upsertSegments } from "../conversations/segments.ts";
import type { Db } from "../database.ts";
import type { Job } from "../jobs/job.ts";
import { completeJob, failJob, type JobFailure, progressJob } from "../jobs/settle.ts";

/** Locks the conversation that a repair adds to. Undefined where it was deleted: its audio has no home any more. */
export async function lockConversationStart(
  trx: Db,
  userId: string,
  conversationId: string,
): Promise<{ readonly startedAtMs: number; readonly segmentCount: number } | undefined> {
  const row = await lockedConversation(trx, userId, conversationId).select("started_at").executeTakeFirst();
  if (row === undefined) return undefined;
  const count = await trx
    .selectFrom("segments")
    .select((eb) => eb.fn.countAll<number>().as("n"))
    .where("user_id", "=", userId)
    .where("conversation_id", "=", conversationId)
    .executeTakeFirstOrThrow();
  return { startedAtMs: row.started_at, segmentCount: Number(count.n) };
}

export interface RepairPart {
  /** Wall time of the first word, Unix milliseconds; undefined where nothing was said. */
  readonly spokenFromMs: number | undefined;
  /** Gets the conversation's start (Unix milliseconds) and returns the words relative to it. */
  readonly segmentsAt: (startedAtMs: number) => readonly Segment[];
  /** How far the job is behind this part. */
  readonly progress: Readonly<Record<string, unknown>>;
  readonly nowMs: number;
}

/**
 * Stores the words of a part of the gap together with the progress that says so, so that whoever takes the job over goes on
 * behind it. Returns false where the lease was lost; nothing was written then.
 */
export async function commitRepair(db: Db, job: Job, part: RepairPart): Promise<boolean> {
  return await db.transaction().execute(async (trx) => {
    const home = await lockConversationStart(trx, job.userId, job.conversationId ?? "");
    if (!(await progressJob(trx, job, part.nowMs, part.progress, "transcribing"))) return false;
    if (home !== undefined && part.spokenFromMs !== undefined) {
      await writeWords(trx, job, home, part, part.spokenFromMs);
      await finaliseAgain(trx, job, part.nowMs);
    }
    return true;
  });
}

/** Unless the conversation is open, or its finalisation waits for repairs anyway. */
async function finaliseAgain(trx: Db, job: Job, nowMs: number): Promise<void> {
  const { userId } = job;
  const conversationId = job.conversationId ?? "";
  const row = await trx
    .selectFrom("conversations as c")
    .leftJoin("jobs as j", (join) =>
      join.onRef("j.user_id", "=", "c.user_id").onRef("j.id", "=", "c.finalization_job_id"),
    )
    .select(["c.status", "j.state", "j.payload"])
    .where("c.user_id", "=", userId)
    .where("c.id", "=", conversationId)
    .executeTakeFirst();
  if (row === undefined || row.status === "in_progress" || row.state === "blocked") return;
  const force = row.payload?.force === true;
  await requestFinalization(trx, { userId, conversationId, trigger: "finalize", force, nowMs });
}

async function writeWords(
  trx: Db,
  job: Job,
  home: { readonly startedAtMs: number; readonly segmentCount: number },
  part: RepairPart,
  spokenFromMs: number,
): Promise<void> {
  const conversationId = job.conversationId ?? "";
  const startedAtMs = home.segmentCount === 0 ? spokenFromMs : Math.min(spokenFromMs, home.startedAtMs);
  if (home.segmentCount > 0) await shiftSegments(trx, job.userId, conversationId, home.startedAtMs - startedAtMs);
  const segments = part.segmentsAt(startedAtMs);
  await upsertSegments(trx, job.userId, conversationId, segments);
  const lastWordMs = startedAtMs + Math.max(0, ...segments.map((segment) => segment.end)) * 1000;
  await trx
    .updateTable("conversations")
    .set({
      started_at: new Date(startedAtMs),
      finished_at: sql`greatest(finished_at, ${new Date(lastWordMs)})`,
      updated_at: new Date(part.nowMs),
    })
    .where("user_id", "=", job.userId)
    .where("id", "=", conversationId)
    .execute();
}

/** Ends the job behind its last part. Returns false where the lease was lost; nothing was written then. */
export async function completeRepair(db: Db, job: Job, segments: number, nowMs: number): Promise<boolean> {
  const conversationId = job.conversationId ?? "";
  return await db.transaction().execute(async (trx) => {
    await lockConversationStart(trx, job.userId, conversationId);
    if (!(await completeJob(trx, job, { outcome: "completed", result: { segments }, nowMs }))) return false;
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
    .where("status", "in", ["processing", "merging"])
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
