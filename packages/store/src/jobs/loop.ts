/**
 * Takes due jobs and works on them, a bounded number at a time: claim, heartbeat while the handler runs, and nothing more
 * (the handler settles its job in its own transaction). A handler is told by its signal when its lease was lost or the
 * process drains; it must then stop without writing. An unreachable database is waited for, never fatal.
 */
import { JOBS, messageOf } from "@holdfast/contract";
import type { Clock, JobKind, Log } from "@holdfast/core";
import { sleep } from "@holdfast/core";
import { type Db, isDatabaseUnavailable } from "../database.ts";
import { type ClaimByIdOutcome, claimJob, claimJobById } from "./claim.ts";
import type { Job } from "./job.ts";
import { heartbeatJob, releaseJob } from "./settle.ts";

export interface JobLoopOptions {
  readonly db: Db;
  readonly kinds: readonly JobKind[];
  readonly owner: string;
  readonly concurrency: number;
  readonly clock: Clock;
  readonly log: Log;
  /** Must settle the job (complete or fail it) unless the signal aborted. What it throws is logged and the lease runs out. */
  readonly handle: (job: Job, signal: AbortSignal) => Promise<void>;
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
  let wake: () => void = () => {};
  const request = () => ({ owner: options.owner, nowMs: clock.now(), leaseMs: JOBS.leaseMs });

  const work = async (job: Job): Promise<void> => {
    const lost = new AbortController();
    const signal = AbortSignal.any([stop.signal, lost.signal]);
    const pulse = clock.every(JOBS.heartbeatMs, () => {
      heartbeatJob(db, job, clock.now(), JOBS.leaseMs).then(
        (held) => (held ? undefined : lost.abort()),
        (error: unknown) => log.warn({ jobId: job.id, error: messageOf(error) }, "heartbeat failed"),
      );
    });
    log.info({ jobId: job.id, kind: job.kind, epoch: job.epoch, tries: job.tries }, "job leased");
    try {
      await options.handle(job, signal);
    } catch (error) {
      log.error(
        { jobId: job.id, kind: job.kind, error: messageOf(error) },
        "job handler failed; the lease will run out",
      );
    } finally {
      pulse.cancel();
    }
    if (stop.signal.aborted) await releaseJob(db, job, clock.now()).catch(() => false);
  };

  const start = (job: Job): Promise<void> => {
    const done = work(job).finally(() => {
      running.delete(job);
      wake();
    });
    running.set(job, done);
    return done;
  };

  const poll = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      const job = running.size < options.concurrency ? await claimNext() : undefined;
      if (job !== undefined) void start(job);
      else await idle();
    }
  };

  const claimNext = async (): Promise<Job | undefined> => {
    try {
      return await claimJob(db, options.kinds, request());
    } catch (error) {
      log.warn({ error: messageOf(error), unavailable: isDatabaseUnavailable(error) }, "looking for jobs failed");
      return undefined;
    }
  };

  const idle = async (): Promise<void> => {
    const woken = new AbortController();
    wake = () => woken.abort();
    await sleep(clock, JOBS.pollMs, AbortSignal.any([stop.signal, woken.signal]));
  };

  const polling = poll();
  return {
    wake: () => wake(),
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
