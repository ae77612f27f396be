/**
 * From stored files to a 202. The bytes have their final place first, then files, job and the claim on their content are one
 * transaction, and only after its commit is the answer made (law L1). The same content again is answered with the job that
 * has it, and the new bytes are removed.
 *
 * Where the database goes away during the commit nobody knows whether the job exists. It is asked again for a while; if the
 * answer stays out, the bytes are kept, because a job may need them, and the client is told to come back.
 */
import {
  type CountedRecording,
  HoldfastError,
  isHoldfastError,
  messageOf,
  SYNC,
  type SyncAccepted,
} from "@holdfast/contract";
import { isTerminal, sleep } from "@holdfast/core";
import {
  type AcceptOutcome,
  acceptUpload,
  isDatabaseUnavailable,
  type Job,
  speechLanguage,
  type UploadBatch,
  type UploadedFile,
  uploadFolder,
  wasAccepted,
} from "@holdfast/store";
import { parseEngines, spokenLanguage } from "@holdfast/stt-client";
import { audioSecondsOf } from "../queue/audio-seconds.ts";
import { ageSeconds, contentIdOf, laneOf } from "./batch.ts";
import type { CaptureFacts } from "./capture.ts";
import { passGates } from "./gates.ts";
import { jobView } from "./job-view.ts";
import type { UploadKeys } from "./keys.ts";
import { discardFiles, type ReceivedFile } from "./receive.ts";
import type { UploadContext } from "./routes.ts";

const DOUBT_TRIES = 10;
const DOUBT_WAIT_MS = 500;
const NAMES_SHOWN = 20;

/** A batch as its client describes it. */
export interface Description {
  readonly userId: string;
  readonly kind: "omi" | "sound";
  readonly source: string;
  readonly facts: CaptureFacts;
  /** A capture manifest vouches for device and times. */
  readonly isProven: boolean;
  /** Start of sound files whose names carry no time. */
  readonly startedAtMs?: number;
}

export interface Recordings extends Description {
  readonly files: readonly (ReceivedFile & { readonly capturedAtMs: number | null })[];
  /** What the gates look at; see `Arrival`. */
  readonly counted: readonly CountedRecording[];
  readonly isOmiRoute: boolean;
}

/** Takes staged files over: they are part of a job when this returns, and gone when it throws. */
export async function acceptRecordings(context: UploadContext, recordings: Recordings): Promise<SyncAccepted> {
  const { blobs } = context;
  const jobId = context.random.uuid();
  const folder = uploadFolder(jobId);
  let batch: UploadBatch;
  try {
    const nowMs = context.clock.now();
    const times = recordings.files.map((file) => file.capturedAtMs);
    const known = times.filter((ms) => ms !== null);
    await passGates(context, {
      userId: recordings.userId,
      lane: laneOf(times, recordings.isProven, nowMs).lane,
      oldestMs: known.length === 0 ? null : Math.min(...known),
      recordings: recordings.counted,
      isOmiRoute: recordings.isOmiRoute,
      nowMs,
    });
    const keys = await context.uploadKeys();
    const language = await spokenIn(context, recordings.userId);
    batch = batchOf(keys, { ...recordings, language }, jobId, await commitFiles(context, recordings, folder), nowMs);
  } catch (error) {
    await discardFiles(blobs, recordings.files);
    await blobs.removeAll(folder);
    throw error;
  }
  const outcome = await settle(context, batch, async () => await acceptUpload(context.db, batch));
  if (outcome.outcome === "known") await blobs.removeAll(folder);
  logAcceptance(context, batch, outcome);
  return answer(batch, outcome, context.clock.now());
}

async function commitFiles({ blobs }: UploadContext, recordings: Recordings, folder: string): Promise<UploadedFile[]> {
  const files: UploadedFile[] = [];
  for (const [ordinal, file] of recordings.files.entries()) {
    const blobKey = `${folder}/${ordinal}`;
    await blobs.commit(file.staged, blobKey).catch(thrownAsStorageFailure);
    const { bytes, sha256 } = file.staged;
    files.push({ name: file.name, bytes, sha256, blobKey, capturedAtMs: file.capturedAtMs });
  }
  return files;
}

/** What the person speaks; null where nobody said, or no engine here knows it. */
export async function spokenIn({ db, config }: UploadContext, userId: string): Promise<string | null> {
  return spokenLanguage(parseEngines(config), "batch", await speechLanguage(db, userId)) ?? null;
}

/** The batch as the store takes it, with everything the worker must know. */
export function batchOf(
  keys: UploadKeys,
  description: Description & { readonly language: string | null },
  jobId: string,
  files: readonly UploadedFile[],
  nowMs: number,
): UploadBatch {
  const { userId, facts } = description;
  const times = files.map((file) => file.capturedAtMs);
  const { lane, trust, reason } = laneOf(times, description.isProven, nowMs);
  const payload = {
    kind: description.kind,
    source: description.source,
    ...facts,
    language: description.language,
    lane,
    lane_reason: reason,
    capture_time_trust: trust,
    recording_age_seconds: ageSeconds(times, nowMs),
    file_names: files.slice(0, NAMES_SHOWN).map((file) => file.name),
    ...(description.startedAtMs === undefined ? {} : { started_at_ms: description.startedAtMs }),
  };
  const conversationId = facts.target_conversation_id ?? null;
  const contentId = contentIdOf(keys.contents, userId, files);
  const audioSeconds = audioSecondsOf(description.kind, files);
  return { userId, jobId, contentId, lane, payload, conversationId, files, audioSeconds, nowMs };
}

/** Writes the job, and finds out what became of it where the database went away meanwhile. */
export async function settle<Outcome>(
  context: Pick<UploadContext, "db" | "blobs" | "clock" | "log">,
  batch: UploadBatch,
  write: () => Promise<Outcome>,
): Promise<Outcome | AcceptOutcome> {
  const folder = uploadFolder(batch.jobId);
  try {
    return await write();
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
async function isCommitted(
  { db, clock }: Pick<UploadContext, "db" | "clock">,
  batch: UploadBatch,
): Promise<boolean | undefined> {
  for (let tries = 0; tries < DOUBT_TRIES; tries += 1) {
    try {
      return await wasAccepted(db, batch);
    } catch (error) {
      if (!isDatabaseUnavailable(error)) throw error;
    }
    await sleep(clock, DOUBT_WAIT_MS);
  }
  return undefined;
}

/** One line for each batch that is taken or known. */
export function logAcceptance({ log }: Pick<UploadContext, "log">, batch: UploadBatch, outcome: AcceptOutcome): void {
  const bytes = batch.files.reduce((sum, file) => sum + file.bytes, 0);
  const jobId = outcome.outcome === "known" ? outcome.job.id : batch.jobId;
  const event = outcome.outcome === "known" ? "upload_known" : "upload_accepted";
  const fields = {
    event,
    jobId,
    userId: batch.userId,
    lane: batch.lane,
    laneReason: batch.payload.lane_reason,
    files: batch.files.length,
    bytes,
  };
  log.info(fields, outcome.outcome === "known" ? "an upload is known already" : "an upload was accepted");
}

/** The 202 of reference offline-sync 3.3. */
export function answer(batch: UploadBatch, outcome: AcceptOutcome, nowMs: number): SyncAccepted {
  if (outcome.outcome === "known") return answerOf(outcome.job, batch.files.length, nowMs);
  return {
    job_id: batch.jobId,
    status: "queued",
    total_files: batch.files.length,
    total_segments: 0,
    poll_after_ms: SYNC.pollAfterMs,
    lane: batch.lane,
  };
}

/** The same for a job that is there already, in whatever state. */
export function answerOf(job: Job, totalFiles: number, nowMs: number): SyncAccepted {
  const view = jobView(job, nowMs);
  return {
    job_id: job.id,
    status: view.status === "partial_failure" ? "completed" : view.status,
    total_files: totalFiles,
    total_segments: view.result?.total_segments ?? view.total_segments,
    poll_after_ms: isTerminal(job.state) ? 0 : SYNC.pollAfterMs,
    lane: job.lane,
  };
}

/** Files fail for reasons of this machine, never of the recording. */
export function thrownAsStorageFailure(error: unknown): never {
  if (isHoldfastError(error)) throw error;
  throw new HoldfastError("internal error", { code: "internal", class: "content", scope: "service", cause: error });
}
