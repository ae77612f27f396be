/**
 * From staged files to a 202. The bytes get their final place first, then files, job and the claim on their content are one
 * transaction, and only after its commit is the answer made (law L1). The same content again is answered with the job that
 * has it, and the new bytes are removed.
 *
 * Where the database goes away during the commit nobody knows whether the job exists. It is asked again for a while; if the
 * answer stays out, the bytes are kept, because a job may need them, and the client is told to come back.
 */
import { HoldfastError, messageOf, SYNC, type SyncAccepted } from "@holdfast/contract";
import { isTerminal, sleep } from "@holdfast/core";
import {
  type AcceptOutcome,
  acceptUpload,
  findJob,
  isDatabaseUnavailable,
  type Job,
  type UploadBatch,
  type UploadedFile,
  uploadFolder,
} from "@holdfast/store";
import type { HttpContext } from "../http/context.ts";
import { ageSeconds, type ClientDevice, contentIdOf, laneOf } from "./batch.ts";
import { jobView } from "./job-view.ts";
import { discardFiles, type ReceivedFile } from "./receive.ts";

const DOUBT_TRIES = 10;
const DOUBT_WAIT_MS = 500;
const NAMES_SHOWN = 20;

export interface Recordings {
  readonly userId: string;
  readonly kind: "omi" | "sound";
  readonly source: string;
  readonly device: ClientDevice;
  /** The conversation a client says they belong to. */
  readonly conversationId: string | null;
  readonly recordingSessionId: string | null;
  readonly files: readonly (ReceivedFile & { readonly capturedAtMs: number | null })[];
  /** Start of sound files whose names carry no time. */
  readonly startedAtMs?: number;
}

type AcceptContext = Pick<HttpContext, "db" | "blobs" | "clock" | "random" | "log">;

export async function acceptRecordings(context: AcceptContext, recordings: Recordings): Promise<SyncAccepted> {
  const { blobs } = context;
  const jobId = context.random.uuid();
  const folder = uploadFolder(jobId);
  let files: UploadedFile[];
  try {
    files = await commitFiles(context, recordings, folder);
  } catch (error) {
    await discardFiles(blobs, recordings.files);
    await blobs.removeAll(folder);
    throw storageFailure(error);
  }
  const batch = batchOf(recordings, jobId, files, context.clock.now());
  const outcome = await accept(context, batch, folder);
  if (outcome.outcome === "known") {
    await blobs.removeAll(folder);
    return answerKnown(outcome.job, files.length);
  }
  return {
    job_id: jobId,
    status: "queued",
    total_files: files.length,
    total_segments: 0,
    poll_after_ms: SYNC.pollAfterMs,
    lane: batch.lane,
  };
}

async function commitFiles({ blobs }: AcceptContext, recordings: Recordings, folder: string): Promise<UploadedFile[]> {
  const files: UploadedFile[] = [];
  for (const [ordinal, file] of recordings.files.entries()) {
    const blobKey = `${folder}/${ordinal}`;
    await blobs.commit(file.staged, blobKey);
    const { bytes, sha256 } = file.staged;
    files.push({ name: file.name, bytes, sha256, blobKey, capturedAtMs: file.capturedAtMs });
  }
  return files;
}

function batchOf(recordings: Recordings, jobId: string, files: readonly UploadedFile[], nowMs: number): UploadBatch {
  const { userId, device, conversationId } = recordings;
  const times = files.map((file) => file.capturedAtMs).filter((ms) => ms !== null);
  const lane = laneOf(times.length === 0 ? null : Math.max(...times), nowMs);
  const payload = {
    kind: recordings.kind,
    source: recordings.source,
    client_device_id: device.deviceId,
    client_platform: device.platform,
    language: null,
    conversation_id: conversationId,
    recording_session_id: recordings.recordingSessionId,
    lane,
    recording_age_seconds: ageSeconds(times.length === 0 ? null : Math.min(...times), nowMs),
    file_names: files.slice(0, NAMES_SHOWN).map((file) => file.name),
    ...(recordings.startedAtMs === undefined ? {} : { started_at_ms: recordings.startedAtMs }),
  };
  return { userId, jobId, contentId: contentIdOf(userId, files), lane, payload, conversationId, files, nowMs };
}

async function accept(context: AcceptContext, batch: UploadBatch, folder: string): Promise<AcceptOutcome> {
  try {
    return await acceptUpload(context.db, batch);
  } catch (error) {
    const committed = isDatabaseUnavailable(error) ? await isCommitted(context, batch) : false;
    if (committed === true) return { outcome: "accepted" };
    if (committed === false) await context.blobs.removeAll(folder);
    else
      context.log.warn({ jobId: batch.jobId, error: messageOf(error) }, "an upload may be committed; its bytes stay");
    throw error;
  }
}

/** Undefined where the database did not come back in time. */
async function isCommitted({ db, clock }: AcceptContext, batch: UploadBatch): Promise<boolean | undefined> {
  for (let tries = 0; tries < DOUBT_TRIES; tries += 1) {
    try {
      return (await findJob(db, batch.userId, batch.jobId)) !== undefined;
    } catch (error) {
      if (!isDatabaseUnavailable(error)) throw error;
    }
    await sleep(clock, DOUBT_WAIT_MS);
  }
  return undefined;
}

function answerKnown(job: Job, totalFiles: number): SyncAccepted {
  const view = jobView(job, job.dueMs);
  const status = view.status === "partial_failure" ? "completed" : view.status;
  return {
    job_id: job.id,
    status,
    total_files: totalFiles,
    total_segments: view.total_segments,
    poll_after_ms: isTerminal(job.state) ? 0 : SYNC.pollAfterMs,
    lane: job.lane,
  };
}

/** Files fail for reasons of this machine, never of the recording. */
function storageFailure(error: unknown): HoldfastError {
  if (error instanceof HoldfastError) return error;
  return new HoldfastError("internal error", { code: "internal", class: "content", scope: "service", cause: error });
}
