/**
 * Accepts a batch of recordings: files, job and the claim on their content are one transaction, and only after its commit may
 * a 202 be sent (law L1). The same content again finds the job that has it already, see `contents.ts`.
 *
 * Locks: the content row (by insert or `for update`), then new job and file rows.
 */
import { sql } from "kysely";
import { requireAccount } from "../accounts/require-account.ts";
import type { Db } from "../database.ts";
import { enqueueJob } from "../jobs/enqueue.ts";
import { type Job, jobOf } from "../jobs/job.ts";
import { findJob } from "../jobs/read.ts";
import { type ContentClaim, claimContent } from "./contents.ts";

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
  /** How much sound it is, where that is known; otherwise it is guessed from the bytes. */
  readonly audioSeconds?: number;
  readonly nowMs: number;
}

export type AcceptOutcome =
  | { readonly outcome: "accepted" }
  /** The content is in work, was done, or rests after failing again and again; the new files are not needed. */
  | { readonly outcome: "known"; readonly job: Job };

/** Throws HoldfastError `unauthorized` where the account was deleted while the bytes arrived. */
export async function acceptUpload(db: Db, batch: UploadBatch): Promise<AcceptOutcome> {
  await requireAccount(db, batch.userId);
  return await db.transaction().execute((trx) => acceptInTransaction(trx, batch));
}

/** Carries an answer out of a transaction that is rolled back; never leaves this module. */
class Seen extends Error {
  readonly isThere: boolean;

  constructor(isThere: boolean) {
    super("seen");
    this.isThere = isThere;
  }
}

/**
 * Whether a batch was accepted whose transaction ended without an answer. Its commit may still be on its way while nobody is left
 * to hear of it, so the row of its content is taken first, which waits for that. Throws as any statement does where that takes
 * longer than a second.
 *
 * Locks: the content row, as accepting does, and gives it back as it was.
 */
export async function wasAccepted(db: Db, batch: UploadBatch): Promise<boolean> {
  const look = async (trx: Db): Promise<never> => {
    await sql`set local lock_timeout = '1s'`.execute(trx);
    await claimContent(trx, batch);
    throw new Seen((await findJob(trx, batch.userId, batch.jobId)) !== undefined);
  };
  return await db
    .transaction()
    .execute(look)
    .catch((error: unknown) => {
      if (error instanceof Seen) return error.isThere;
      throw error;
    });
}

/** `acceptUpload` inside a transaction that does more, and that locked nothing of uploads but what it must. */
export async function acceptInTransaction(trx: Db, batch: UploadBatch): Promise<AcceptOutcome> {
  const content = await claimContent(trx, batch);
  if (content.claim === "held") return { outcome: "known", job: content.job };
  if (content.claim !== "ours") return { outcome: "known", job: await writeEndedJob(trx, batch, content) };
  await enqueueJob(trx, {
    userId: batch.userId,
    id: batch.jobId,
    kind: "sync",
    lane: batch.lane,
    capturedMs: Math.min(...batch.files.map((file) => file.capturedAtMs ?? batch.nowMs)),
    audioSeconds: batch.audioSeconds ?? guessedSeconds(batch.files),
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
}

/** What sound of unknown kind is worth: Opus of 32 kbit/s. */
const BYTES_A_SECOND = 4_000;

function guessedSeconds(files: readonly UploadedFile[]): number {
  return files.reduce((sum, file) => sum + file.bytes, 0) / BYTES_A_SECOND;
}

/** A job that can be asked for and that has ended before it began: from a result that was kept, or because of the pause. */
async function writeEndedJob(
  trx: Db,
  batch: UploadBatch,
  content: Exclude<ContentClaim, { readonly claim: "ours" | "held" }>,
): Promise<Job> {
  const now = new Date(batch.nowMs);
  const finished = content.claim === "finished";
  const row = await trx
    .insertInto("jobs")
    .values({
      user_id: batch.userId,
      id: batch.jobId,
      kind: "sync",
      state: finished ? "completed" : "failed",
      lane: batch.lane,
      payload: JSON.stringify({ ...batch.payload, from_ledger: true }),
      result: finished ? JSON.stringify(content.result) : null,
      reason_code: finished ? null : REPEAT_FAILURE_PAUSED,
      last_error: finished ? null : "this content failed again and again and rests for a day",
      due_at: finished ? now : new Date(content.untilMs),
      completed_at: now,
      created_at: now,
      updated_at: now,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  return jobOf(row);
}

/** Why a job failed that was never begun (reference offline-sync 7.7). */
export const REPEAT_FAILURE_PAUSED = "sync_repeat_failure_paused";

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
