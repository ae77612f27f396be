/**
 * The jobs this process works on: those found due by polling and those a gateway named (opcode 104). A nudge for a job that the
 * poll took first joins that run and gets its outcome. Nudges are bounded: some run, some wait, and beyond that they are
 * refused, which loses nothing, because the truth is the job's row and polling finds it.
 */
import type { ProcessRequest, ProcessResult } from "@holdfast/contract";
import { messageOf } from "@holdfast/contract";
import type { Clock, Log, Random } from "@holdfast/core";
import { type Db, failFinalization, failJob, findJob, type Job, type JobFailure, startJobLoop } from "@holdfast/store";
import { isEnrichment } from "../finalise/enrich.ts";
import type { Finalise } from "../finalise/finaliser.ts";
import { answerAfter, answerBefore, isJobId, refuse } from "./answer.ts";

const WORK = { concurrency: 4, runningNudges: 16, waitingNudges: 1_000 } as const;

export interface WorkDeps {
  readonly db: Db;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Name of this process in the job table. */
  readonly owner: string;
  readonly finalise: Finalise;
}

export interface Work {
  /** Works on the job a gateway names and says how it ended. Never rejects. */
  process(userId: string, request: ProcessRequest): Promise<ProcessResult>;
  running(): number;
  /** Takes nothing new, aborts what runs, gives its jobs back and answers who asked for them. Idempotent. */
  drain(): Promise<void>;
}

export function startWork(deps: WorkDeps): Work {
  const { db, log } = deps;
  const running = new Map<string, Promise<void>>();
  const answering = new Set<Promise<ProcessResult>>();
  const waiting: (() => void)[] = [];
  let nudges = 0;
  let draining = false;

  const handle = (job: Job, signal: AbortSignal): Promise<void> => {
    const run = deps.finalise(job, signal).finally(() => {
      if (running.get(job.id) === run) running.delete(job.id);
    });
    running.set(job.id, run);
    return run;
  };
  // A failed enrichment leaves its conversation as it is.
  const fail = (job: Job, failure: JobFailure) =>
    (isEnrichment(job.payload) ? failJob : failFinalization)(db, job, failure, deps.clock.now(), deps.random.next());
  const loop = startJobLoop({ ...deps, kinds: ["finalization"], concurrency: WORK.concurrency, handle, fail });

  const process = async (userId: string, request: ProcessRequest): Promise<ProcessResult> => {
    const conversationId = request.conversation_id;
    const jobId = request.finalization_job_id;
    const generation = request.dispatch_generation;
    if (draining) return refuse(conversationId, "job_not_actionable");
    const look = async (): Promise<Job | undefined> =>
      jobId !== undefined && isJobId(jobId) ? await findJob(db, userId, jobId) : undefined;
    const known = answerBefore(request, await look());
    if (known !== undefined || jobId === undefined) return known ?? refuse(conversationId, "durable_job_required");
    const taken = await loop.take(userId, jobId, generation);
    if (taken.outcome === "leased") await running.get(jobId)?.catch(() => {});
    return answerAfter(conversationId, await look());
  };

  /** A place to run, or false where too many wait already. */
  const enter = async (): Promise<boolean> => {
    if (nudges >= WORK.runningNudges) {
      if (waiting.length >= WORK.waitingNudges) return false;
      await new Promise<void>((resolve) => waiting.push(resolve));
    }
    nudges += 1;
    return true;
  };
  const leave = (): void => {
    nudges -= 1;
    waiting.shift()?.();
  };

  const answer = async (userId: string, request: ProcessRequest): Promise<ProcessResult> => {
    if (!(await enter())) return refuse(request.conversation_id, "job_not_actionable");
    try {
      return await process(userId, request);
    } catch (error) {
      log.warn({ event: "process_request_failed", error: messageOf(error) }, "a process request failed");
      return refuse(request.conversation_id, "processing_failed");
    } finally {
      leave();
    }
  };

  return {
    process(userId, request) {
      const asked = answer(userId, request).finally(() => answering.delete(asked));
      answering.add(asked);
      return asked;
    },
    running: () => loop.running(),
    async drain() {
      draining = true;
      await loop.drain();
      await Promise.all(answering);
    },
  };
}
