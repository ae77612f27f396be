/**
 * An offline job from its lease to its end: file after file in capture order, then the outcome, then the bytes. The outcome is
 * durable before the bytes go (law L8), and so is the sound that is kept of them; after a failure, also a partial one, they stay
 * until the job's retention is over.
 */
import {
  completeUpload,
  failUpload,
  isSoundWanted,
  type Job,
  loadUploadFiles,
  progressJob,
  uploadFolder,
} from "@holdfast/store";
import type { JobDeps } from "../deps.ts";
import { LeaseLost } from "../lease-lost.ts";
import { failureToRecord } from "../settle-failure.ts";
import { processFile } from "./file.ts";
import { outcomeOf } from "./outcome.ts";
import { clockShiftMs, inCaptureOrder, readSyncPayload } from "./payload.ts";
import { progressRow, readProgress, type SyncProgress, touchedIds } from "./progress.ts";

export async function handleSync(deps: JobDeps, job: Job, signal: AbortSignal): Promise<void> {
  const { db, clock, log } = deps;
  const beganMs = clock.now();
  const desk = deps.openDesk();
  const stopDecoding = (): void => void desk.close();
  signal.addEventListener("abort", stopDecoding, { once: true });
  let progress = readProgress(job.progress, 0);
  try {
    const payload = readSyncPayload(job.payload);
    const files = inCaptureOrder(await loadUploadFiles(db, job.userId, job.id), payload.startedAtMs ?? job.createdMs);
    const run = { deps, job, payload, shiftMs: clockShiftMs(files, job.createdMs), desk, signal };
    progress = readProgress(job.progress, files.length);
    for (const file of files.slice(progress.doneFiles)) {
      const stored = await progressJob(db, job, clock.now(), progressRow(progress), "decoding");
      if (!stored) throw new LeaseLost();
      progress = await processFile(run, file, progress);
    }
    await finish(deps, job, progress, beganMs);
    await deps.fairUse.check(job);
  } catch (error) {
    const failure = failureToRecord(error, signal);
    if (failure === undefined) return;
    const state = await failUpload(db, job, touchedIds(progress), failure, clock.now(), deps.random.next());
    const fields = { event: "sync_job_failed", jobId: job.id, userId: job.userId, lane: job.lane };
    log.warn({ ...fields, code: failure.code, class: failure.class, state }, "offline job failed");
    if (state === undefined) return;
    const outcome = state === "queued" ? "retried" : "failed";
    deps.figures.ended(job, { outcome, class: failure.class, reason: failure.code }, beganMs);
  } finally {
    signal.removeEventListener("abort", stopDecoding);
    await desk.close();
  }
}

async function finish(deps: JobDeps, job: Job, progress: SyncProgress, beganMs: number): Promise<void> {
  const { outcome, reasonCode, result } = outcomeOf(progress);
  const completion = { outcome, reasonCode, lastError: reasonCode, result: { ...result }, nowMs: deps.clock.now() };
  // The counts that polling shows are those of the progress.
  await progressJob(deps.db, job, deps.clock.now(), progressRow(progress), "processing");
  if (!(await completeUpload(deps.db, job, touchedIds(progress), completion))) throw new LeaseLost();
  const fields = { event: "sync_job_ended", jobId: job.id, userId: job.userId, lane: job.lane };
  deps.log.info({ ...fields, outcome, reasonCode, segments: result.total_segments }, "offline job ended");
  deps.figures.ended(job, { outcome, class: "none", reason: reasonCode ?? result.errors[0] ?? null }, beganMs);
  if (outcome !== "completed") return;
  await removeBytes(deps, job).catch((error: unknown) => {
    deps.log.warn({ jobId: job.id, err: error }, "the bytes of a finished job stay until they are swept");
  });
}

/** Where sound of it is kept, whoever keeps the last of it removes them. */
async function removeBytes({ db, blobs }: JobDeps, job: Job): Promise<void> {
  if (await isSoundWanted(db, job.userId, job.id)) return;
  await blobs.removeAll(uploadFolder(job.id));
}
