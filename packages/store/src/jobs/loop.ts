/**
 * Takes due jobs and works on them, a bounded number at a time: claim, heartbeat while the handler runs, and nothing more
 * (the handler settles its job in its own transaction). A handler is told by its signal when its lease was lost or the
 * process drains; it must then stop without writing. An unreachable database is waited for, never fatal.
 *
 * A job that was taken over too often is not begun but put back, as the job machine says; one that is suspected of ending its
 * workers runs alone, so that it takes no other job with it.
 */
import { JOBS, messageOf } from "@holdfast/contract";
import { type Clock, isSuspect, type JobKind, keepsLastPlace, type Log, sleep } from "@holdfast/core";
import { type Db, isDatabaseUnavailable } from "../database.ts";
import { type ClaimByIdOutcome, type ClaimedJob, claimJob, claimJobById } from "./claim.ts";
import type { Job } from "./job.ts";
import { failJob, heartbeatJob, type JobFailure, releaseJob, WORKER_DIED } from "./settle.ts";

const NO_JITTER = 0.5;
const isBackfill = (job: Job): boolean => job.kind === "sync" && job.lane === "backfill";

export interface JobLoopOptions {
  readonly db: Db;
  readonly kinds: readonly JobKind[];
  readonly owner: string;
  readonly concurrency: number;
  readonly clock: Clock;
  readonly log: Log;
  /** Must settle the job (complete or fail it) unless the signal aborted. What it throws is logged and the lease runs out. */
  readonly handle: (job: Job, signal: AbortSignal) => Promise<void>;
  /** Told of each job before it is begun. */
  readonly onClaim?: (job: ClaimedJob) => void;
  /**
   * Records a failure of a job and of what depends on it, as the handler itself would, and returns the job's new state.
   * Without it only the job's row is written.
   */
  readonly fail?: (job: Job, failure: JobFailure) => Promise<Job["state"] | undefined>;
}

export interface JobLoop {
  /** Looks for due jobs at once instead of at the next poll. */
  wake(): void;
  /** Claims one job by id and works on it, outside the concurrency limit of the poll. */
  take(userId: string, id: string, generation: number | undefined): Promise<TakeOutcome>;
  running(): number;
  /** Stops claiming, aborts running handlers, gives their jobs back. Idempotent. */
  drain(): Promise<void>;
}

export type TakeOutcome = { readonly outcome: "done" } | Exclude<ClaimByIdOutcome, { readonly outcome: "claimed" }>;

export function startJobLoop(options: JobLoopOptions): JobLoop {
  const { db, clock, log } = options;
  const stop = new AbortController();
  const running = new Map<Job, Promise<void>>();
  let endSleep: () => void = () => {};
  let wakes = 0;
  let claims = 0;
  const wake = (): void => {
    wakes += 1;
    endSleep();
  };
  const request = () => ({
    owner: options.owner,
    nowMs: clock.now(),
    leaseMs: JOBS.leaseMs,
    busy: running.size > 0,
    turn: claims,
    withoutBackfill: keepsLastPlace(options.concurrency, [...running.keys()].filter(isBackfill).length),
  });

  const failRow = (job: Job, failure: JobFailure) => failJob(db, job, failure, clock.now(), NO_JITTER);

  /** True where the job was put back, or ended, because its workers die. */
  const putBack = async (job: ClaimedJob): Promise<boolean> => {
    if (!job.takenOver || !isSuspect(job)) return false;
    const state = await (options.fail ?? failRow)(job, WORKER_DIED);
    const told = { jobId: job.id, kind: job.kind, lostLeases: job.lostLeases, attempts: job.attempts, state };
    log.warn(told, "the workers of a job keep dying");
    return true;
  };

  const work = async (job: ClaimedJob): Promise<void> => {
    const lost = new AbortController();
    const signal = AbortSignal.any([stop.signal, lost.signal]);
    const pulse = clock.every(JOBS.heartbeatMs, () => {
      heartbeatJob(db, job, clock.now(), JOBS.leaseMs).then(
        (held) => (held ? undefined : lost.abort()),
        (error: unknown) => log.warn({ jobId: job.id, error: messageOf(error) }, "heartbeat failed"),
      );
    });
    const fields = { jobId: job.id, userId: job.userId, kind: job.kind, lane: job.lane, epoch: job.epoch };
    if (job.takenOver) log.warn({ event: "job_taken_over", ...fields, lostLeases: job.lostLeases }, "job taken over");
    else log.info({ event: "job_leased", ...fields, tries: job.tries }, "job leased");
    options.onClaim?.(job);
    try {
      if (await putBack(job)) return;
      await options.handle(job, signal);
    } catch (error) {
      log.error(
        { jobId: job.id, kind: job.kind, error: messageOf(error) },
        "job handler failed; the lease will run out",
      );
    } finally {
      pulse.cancel();
    }
    // Writes nothing where the job is settled.
    if (stop.signal.aborted) await releaseJob(db, job, clock.now()).catch(() => false);
  };

  const start = (job: ClaimedJob): Promise<void> => {
    const done = work(job).finally(() => {
      running.delete(job);
      wake();
    });
    running.set(job, done);
    return done;
  };

  const poll = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      const alone = [...running.keys()].some(isSuspect);
      const seen = wakes;
      const job = running.size < options.concurrency && !alone ? await claimNext() : undefined;
      if (job !== undefined) void start(job);
      // What ended, or came, while nothing was found may have changed that.
      else if (wakes === seen) await idle();
    }
  };

  const claimNext = async (): Promise<ClaimedJob | undefined> => {
    try {
      const job = await claimJob(db, options.kinds, request());
      if (job !== undefined) claims += 1;
      return job;
    } catch (error) {
      log.warn({ error: messageOf(error), unavailable: isDatabaseUnavailable(error) }, "looking for jobs failed");
      return undefined;
    }
  };

  const idle = async (): Promise<void> => {
    const woken = new AbortController();
    endSleep = () => woken.abort();
    await sleep(clock, JOBS.pollMs, AbortSignal.any([stop.signal, woken.signal]));
  };

  const polling = poll();
  return {
    wake,
    async take(userId, id, generation) {
      const claim = await claimJobById(db, { userId, id, generation }, request());
      if (claim.outcome !== "claimed") return claim;
      await start(claim.job);
      return { outcome: "done" };
    },
    running: () => running.size,
    async drain() {
      stop.abort();
      await polling;
      await Promise.allSettled(running.values());
    },
  };
}
