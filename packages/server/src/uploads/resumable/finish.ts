/**
 * Whole uploads become a job: one alone, or all files of a batch, in the accept transaction of every other upload. The bytes
 * get a second name in the job's folder first and lose their own only after the commit, so a failure in between costs nothing
 * and the next request, or the sweep, tries again.
 */
import { parseRecordingName, type SyncAccepted } from "@holdfast/contract";
import {
  acceptResumable,
  findJob,
  findResumable,
  listBatch,
  type ResumableRow,
  resumableFolder,
  type UploadedFile,
  uploadFolder,
} from "@holdfast/store";
import { answer, answerOf, batchOf, logAcceptance, settle, spokenIn, thrownAsStorageFailure } from "../accept.ts";
import { sourceOf } from "../batch.ts";
import type { UploadContext } from "../routes.ts";
import { StoredFacts } from "./description.ts";

/** The answer of the job that the upload is part of; undefined as long as bytes of it, or of its batch, are missing. */
export async function finishUpload(context: UploadContext, row: ResumableRow): Promise<SyncAccepted | undefined> {
  if (row.job_id !== null) return await answerOfJob(context, row, row.job_id);
  if (row.sha256 === null) return undefined;
  const rows = row.batch === null ? [row] : await listBatch(context.db, row.user_id, row.batch);
  if (rows.length < row.batch_files || rows.some((each) => each.sha256 === null)) return undefined;
  return await finishRows(context, rows, row);
}

/** Makes these a job, also where others of their batch never came. */
export async function finishRows(
  context: UploadContext,
  rows: readonly ResumableRow[],
  asked: ResumableRow,
): Promise<SyncAccepted | undefined> {
  const { db, blobs, clock } = context;
  const jobId = context.random.uuid();
  const folder = uploadFolder(jobId);
  const nowMs = clock.now();
  const keys = await context.uploadKeys();
  const language = await spokenIn(context, asked.user_id);
  let files: readonly UploadedFile[];
  try {
    files = await linkFiles(context, rows, folder);
  } catch (error) {
    await blobs.removeAll(folder);
    // Whoever was quicker removed the bytes when they were part of a job.
    const now = await findResumable(db, asked.user_id, asked.id);
    if (now !== undefined && now.job_id !== null) return await answerOfJob(context, now, now.job_id);
    thrownAsStorageFailure(error);
  }
  const description = {
    userId: asked.user_id,
    kind: "omi" as const,
    source: sourceOf(rows.map((row) => parseRecordingName(row.name, Number.POSITIVE_INFINITY))),
    facts: StoredFacts.parse((rows[0] ?? asked).facts),
    isProven: false,
    language,
  };
  const batch = batchOf(keys, description, jobId, files, nowMs);
  const ids = rows.map((row) => row.id);
  const outcome = await settle(context, batch, async () => await acceptResumable(db, ids, batch));
  if (outcome.outcome !== "accepted") await blobs.removeAll(folder);
  if (outcome.outcome === "changed") return undefined;
  for (const id of ids) await blobs.removeAll(resumableFolder(id));
  logAcceptance(context, batch, outcome);
  return answer(batch, outcome, nowMs);
}

async function linkFiles(
  { blobs }: UploadContext,
  rows: readonly ResumableRow[],
  folder: string,
): Promise<UploadedFile[]> {
  const files: UploadedFile[] = [];
  for (const [ordinal, row] of rows.entries()) {
    const blobKey = `${folder}/${ordinal}`;
    await blobs.link(row.blob_key ?? "", blobKey);
    const { startedAtMs } = parseRecordingName(row.name, Number.POSITIVE_INFINITY);
    files.push({ name: row.name, bytes: row.length, sha256: row.sha256 ?? "", blobKey, capturedAtMs: startedAtMs });
  }
  return files;
}

async function answerOfJob(
  context: UploadContext,
  row: ResumableRow,
  jobId: string,
): Promise<SyncAccepted | undefined> {
  const job = await findJob(context.db, row.user_id, jobId);
  return job === undefined ? undefined : answerOf(job, row.batch_files, context.clock.now());
}
