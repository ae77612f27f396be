/**
 * The worker role: takes offline uploads and gap repairs from the queue, two at a time, and sweeps. It serves no one directly;
 * everything it needs to know is in the store, so any number of workers may run, and one that dies is replaced by the lease
 * of its jobs running out.
 */
import { failRepair, failUpload, type Job, type JobFailure, startJobLoop } from "@holdfast/store";
import { createDecodeDesk } from "./decode/desk.ts";
import type { JobDeps, WorkerDeps } from "./deps.ts";
import { createFairUse } from "./fair-use.ts";
import { handleRepair } from "./repair/handle.ts";
import { startServiceFigures } from "./service-figures.ts";
import { createTranscriber } from "./speech/transcriber.ts";
import { startSweeps } from "./sweeps/sweeps.ts";
import { handleSync } from "./sync/handle.ts";
import { readProgress, touchedIds } from "./sync/progress.ts";

const CONCURRENCY = 2;

export interface RunningWorker {
  /** Takes no more jobs and gives back those in hand, at once; another worker goes on where they are. Idempotent. */
  drain(): Promise<void>;
  /** Drains. The database and the blobs belong to the caller. */
  close(): Promise<void>;
}

export async function startWorker(deps: WorkerDeps): Promise<RunningWorker> {
  const { db, blobs, clock, random, log } = deps;
  await blobs.check();
  const transcriber = deps.transcriber ?? createTranscriber(deps.config, db);
  const openDesk = deps.openDesk ?? (() => createDecodeDesk({ clock }));
  const fairUse = createFairUse(deps);
  const figures = startServiceFigures(deps);
  const jobDeps: JobDeps = { db, blobs, clock, random, log, transcriber, openDesk, fairUse, figures };
  const loop = startJobLoop({
    db,
    kinds: ["sync", "repair"],
    owner: `worker-${random.uuid()}`,
    concurrency: CONCURRENCY,
    clock,
    log,
    onClaim: figures.claimed,
    handle: (job: Job, signal: AbortSignal) =>
      job.kind === "repair" ? handleRepair(jobDeps, job, signal) : handleSync(jobDeps, job, signal),
    fail: (job: Job, failure: JobFailure) =>
      job.kind === "repair"
        ? failRepair(db, job, failure, clock.now(), random.next())
        : failUpload(db, job, touchedIds(readProgress(job.progress, 0)), failure, clock.now(), random.next()),
  });
  const sweeps = startSweeps(deps);
  let drained: Promise<void> | undefined;
  const drain = (): Promise<void> => {
    drained ??= Promise.all([loop.drain(), sweeps.stop()]).then(() => figures.stop());
    return drained;
  };
  return { drain, close: drain };
}
