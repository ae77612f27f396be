/**
 * Bare samples of kept sound, for listening: asked for by the gateway, made by a job, removed when unused. A file is `pending`
 * from the request to the end of the job, in one transaction each, so that no request is lost and none is made twice.
 *
 * Locks: audio file rows by id, then the job row. No transaction here takes a conversation row.
 */
import { isTerminal } from "@holdfast/core";
import { sql } from "kysely";
import type { Db } from "../database.ts";
import { deterministicUuid } from "../ids.ts";
import { enqueueJob } from "../jobs/enqueue.ts";
import type { Job } from "../jobs/job.ts";
import { completeJob, failJob, holdsLease, type JobFailure } from "../jobs/settle.ts";

interface Home {
  readonly userId: string;
  readonly conversationId: string;
  readonly nowMs: number;
}

/** Asks for the samples of every file of the conversation that has none. Also says that somebody uses those that are there. */
export async function requestPcm(db: Db, { userId, conversationId, nowMs }: Home): Promise<void> {
  const now = new Date(nowMs);
  await db.transaction().execute(async (trx) => {
    await sql`select id from audio_files where user_id = ${userId} and conversation_id = ${conversationId}
      order by id for update`.execute(trx);
    const files = trx
      .updateTable("audio_files")
      .where("user_id", "=", userId)
      .where("conversation_id", "=", conversationId);
    await files.set({ pcm_used_at: now }).where("pcm_state", "=", "ready").execute();
    const asked = await files
      .set({ pcm_state: "pending" })
      .where("pcm_state", "=", "none")
      .returning(["id", "blob_key"])
      .execute();
    for (const { id, blob_key } of asked) {
      await enqueueJob(trx, {
        userId,
        id: deterministicUuid(userId, id, "audio_render", nowMs),
        kind: "audio_render",
        conversationId,
        payload: { audio_file_id: id, blob_key },
        dueMs: nowMs,
        nowMs,
      });
    }
  });
}

/** Ends the job whose samples are durable now. `gone`: the file is not wanted any more; the caller removes the bytes. */
export async function completeRender(
  db: Db,
  job: Job,
  fileId: string,
  nowMs: number,
): Promise<"stored" | "gone" | "lease_lost"> {
  return await db.transaction().execute(async (trx) => {
    const isThere = await lockFile(trx, job.userId, fileId);
    if (!(await holdsLease(trx, job))) return "lease_lost";
    await setPcm(trx, job.userId, fileId, "ready", nowMs);
    await completeJob(trx, job, { outcome: "completed", result: { fenced: !isThere }, nowMs });
    return isThere ? "stored" : "gone";
  });
}

/**
 * Records a failed try. With the last one the file is unavailable, so that nobody waits for it (reference offline-sync section
 * 10). Returns the job's new state, or undefined where the lease was lost.
 */
export async function failRender(
  db: Db,
  job: Job,
  fileId: string,
  failure: JobFailure,
  nowMs: number,
  random: number,
): Promise<Job["state"] | undefined> {
  return await db.transaction().execute(async (trx) => {
    await lockFile(trx, job.userId, fileId);
    const state = await failJob(trx, job, failure, nowMs, random);
    if (state !== undefined && isTerminal(state)) await setPcm(trx, job.userId, fileId, "failed", nowMs);
    return state;
  });
}

async function lockFile(trx: Db, userId: string, fileId: string): Promise<boolean> {
  const row = await trx
    .selectFrom("audio_files")
    .select("id")
    .where("user_id", "=", userId)
    .where("id", "=", fileId)
    .forUpdate()
    .executeTakeFirst();
  return row !== undefined;
}

async function setPcm(
  trx: Db,
  userId: string,
  fileId: string,
  state: "ready" | "failed",
  nowMs: number,
): Promise<void> {
  await trx
    .updateTable("audio_files")
    .set({ pcm_state: state, pcm_used_at: new Date(nowMs) })
    .where("user_id", "=", userId)
    .where("id", "=", fileId)
    .execute();
}

export interface UnusedPcm {
  readonly userId: string;
  readonly id: string;
  readonly blobKey: string;
}

/** Samples nobody asked for since `beforeMs`. */
export async function findUnusedPcm(db: Db, beforeMs: number, limit: number): Promise<UnusedPcm[]> {
  const rows = await db
    .selectFrom("audio_files")
    .select(["user_id", "id", "blob_key"])
    .where("pcm_state", "=", "ready")
    .where("pcm_used_at", "<", sql<number>`${new Date(beforeMs)}`)
    .limit(limit)
    .execute();
  return rows.map((row) => ({ userId: row.user_id, id: row.id, blobKey: row.blob_key }));
}

/**
 * Says that the samples are not there any more and removes them, if nobody asked for them meanwhile. The bytes go while the row
 * is locked, so that samples which are made again for a new listener are never the ones removed here.
 */
export async function forgetPcm(
  db: Db,
  { userId, id }: UnusedPcm,
  beforeMs: number,
  removeBytes: () => Promise<void>,
): Promise<boolean> {
  return await db.transaction().execute(async (trx) => {
    const result = await trx
      .updateTable("audio_files")
      .set({ pcm_state: "none", pcm_used_at: null })
      .where("user_id", "=", userId)
      .where("id", "=", id)
      .where("pcm_state", "=", "ready")
      .where("pcm_used_at", "<", sql<number>`${new Date(beforeMs)}`)
      .executeTakeFirst();
    if (result.numUpdatedRows === 0n) return false;
    await removeBytes();
    return true;
  });
}

/** The samples that a row promises are not there (a restored backup, a lost disk): they are made again when somebody asks. */
export async function losePcm(db: Db, userId: string, fileId: string): Promise<void> {
  await db
    .updateTable("audio_files")
    .set({ pcm_state: "none", pcm_used_at: null })
    .where("user_id", "=", userId)
    .where("id", "=", fileId)
    .where("pcm_state", "=", "ready")
    .execute();
}
