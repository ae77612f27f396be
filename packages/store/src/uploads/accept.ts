/**
 * Accepts a batch of recordings: files, job and the claim on their content are one transaction, and only after its commit may
 * a 202 be sent (law L1). The same content again finds the job that has it already, unless that one failed.
 *
 * Locks: the content row (by insert or `for update`), then new job and file rows.
 */
import { isTerminal } from "@holdfast/core";
import { sql } from "kysely";
import type { Db } from "../database.ts";
import { enqueueJob } from "../jobs/enqueue.ts";
import type { Job } from "../jobs/job.ts";
import { findJob } from "../jobs/read.ts";

export interface UploadedFile {
  /** Sanitised name, a label only. */
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly blobKey: string;
  /** Wall time of its first sample, or null where nobody knows. */
  readonly capturedAtMs: number | null;
}

export interface UploadBatch {
  readonly userId: string;
  readonly jobId: string;
  /** A function of user, names and bytes: the batch's identity. */
  readonly contentId: string;
  readonly lane: "fresh" | "backfill";
  /** What the worker must know; stored as the job's payload. */
  readonly payload: Readonly<Record<string, unknown>>;
  readonly conversationId: string | null;
  readonly files: readonly UploadedFile[];
  readonly nowMs: number;
}

export type AcceptOutcome =
  | { readonly outcome: "accepted" }
  /** The same content is in work or was done; the new files are not needed. */
  | { readonly outcome: "known"; readonly job: Job };

export async function acceptUpload(db: Db, batch: UploadBatch): Promise<AcceptOutcome> {
  return await db.transaction().execute(async (trx) => {
    const known = await claimContent(trx, batch);
    if (known !== undefined) return { outcome: "known", job: known };
    const waiting = await trx
      .selectFrom("jobs")
      .select((eb) => eb.fn.countAll<number>().as("n"))
      .where("user_id", "=", batch.userId)
      .where("kind", "=", "sync")
      .where("state", "in", ["queued", "leased"])
      .executeTakeFirstOrThrow();
    await enqueueJob(trx, {
      userId: batch.userId,
      id: batch.jobId,
      kind: "sync",
      lane: batch.lane,
      rank: Number(waiting.n),
      payload: batch.payload,
      conversationId: batch.conversationId,
      dueMs: batch.nowMs,
      nowMs: batch.nowMs,
    });
    await trx
      .insertInto("upload_files")
      .values(
        batch.files.map((file, ordinal) => ({
          user_id: batch.userId,
          job_id: batch.jobId,
          ordinal,
          name: file.name,
          bytes: file.bytes,
          sha256: file.sha256,
          blob_key: file.blobKey,
          captured_at: file.capturedAtMs === null ? null : new Date(file.capturedAtMs),
        })),
      )
      .execute();
    return { outcome: "accepted" };
  });
}

/** Takes the content for this job, or returns the job that holds it. A failed holder gives way. */
async function claimContent(trx: Db, batch: UploadBatch): Promise<Job | undefined> {
  const inserted = await trx
    .insertInto("sync_contents")
    .values({
      user_id: batch.userId,
      content_id: batch.contentId,
      job_id: batch.jobId,
      created_at: new Date(batch.nowMs),
    })
    .onConflict((conflict) => conflict.columns(["user_id", "content_id"]).doNothing())
    .executeTakeFirst();
  if (inserted.numInsertedOrUpdatedRows === 1n) return undefined;
  const { rows } = await sql<{ job_id: string }>`select job_id from sync_contents
    where user_id = ${batch.userId} and content_id = ${batch.contentId} for update`.execute(trx);
  const holder = rows[0] === undefined ? undefined : await findJob(trx, batch.userId, rows[0].job_id);
  if (holder !== undefined && (!isTerminal(holder.state) || holder.state === "completed")) return holder;
  await trx
    .updateTable("sync_contents")
    .set({ job_id: batch.jobId, created_at: new Date(batch.nowMs) })
    .where("user_id", "=", batch.userId)
    .where("content_id", "=", batch.contentId)
    .execute();
  return undefined;
}

export async function loadUploadFiles(db: Db, userId: string, jobId: string): Promise<UploadedFile[]> {
  const rows = await db
    .selectFrom("upload_files")
    .selectAll()
    .where("user_id", "=", userId)
    .where("job_id", "=", jobId)
    .orderBy("ordinal")
    .execute();
  return rows.map((row) => ({
    name: row.name,
    bytes: row.bytes,
    sha256: row.sha256,
    blobKey: row.blob_key,
    capturedAtMs: row.captured_at,
  }));
}

/** What holds the folders of all uploads. */
export const UPLOADS_FOLDER = "uploads";

/** Where the bytes of a job's files live; one folder a job, so that it can be removed whole. */
export function uploadFolder(jobId: string): string {
  return `${UPLOADS_FOLDER}/${jobId}`;
}
