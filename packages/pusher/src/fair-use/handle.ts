/**
 * One look at a user who crossed a cap (`core/fair-use/by-words.ts` says who judges, and when nobody does). What it found is
 * written with the end of the job, once. A model that is away is waited for at growing distances and costs nothing; answers
 * that nobody understands spend the job's attempts. Until one is understood nothing is decided, and nobody is restricted.
 */
import {
  type Classifier,
  type Clock,
  deterministicClassifier,
  type FairUsePolicy,
  isReadable,
  type Random,
  stepRun,
} from "@holdfast/core";
import { completeJob, type Db, endLook, failJob, type Job, type JobFailure, loadLook } from "@holdfast/store";
import type { OnPusherEvent, PusherEvent } from "../events.ts";
import { enrichDelayMs } from "../finalise/enrich.ts";
import { jobFailureOf } from "../job-failure.ts";
import { LlmFailure } from "../summary/port.ts";

export interface LookDeps {
  readonly db: Db;
  readonly clock: Clock;
  readonly random: Random;
  readonly policy: FairUsePolicy;
  /** Reads what was said; undefined where there is no language model now. */
  readonly reader: () => Promise<Classifier | undefined>;
  readonly onEvent: OnPusherEvent;
}

type Ending = Extract<PusherEvent, { readonly type: "fair_use_verdict" | "fair_use_undecided" }>;

export async function handleLook(deps: LookDeps, job: Job, signal: AbortSignal): Promise<void> {
  try {
    const ending = await look(deps, job, signal);
    if (ending !== undefined) deps.onEvent(ending);
  } catch (error) {
    if (!signal.aborted) await recordFailure(deps, job, failureOf(error, job));
  }
}

/** Records a failure of the job, also one that its worker could not record itself. */
export async function recordFailure(deps: LookDeps, job: Job, failure: JobFailure): Promise<Job["state"] | undefined> {
  const state = await failJob(deps.db, job, failure, deps.clock.now(), deps.random.next());
  const { code, class: failureClass } = failure;
  deps.onEvent({ type: "fair_use_failed", jobId: job.id, code, class: failureClass, state: state ?? null });
  return state;
}

async function look(deps: LookDeps, job: Job, signal: AbortSignal): Promise<Ending | undefined> {
  const { db, clock, policy, random } = deps;
  const startedMs = clock.now();
  const reader = await deps.reader();
  const { facts, input } = await loadLook(db, job, policy, startedMs);
  const readable = isReadable(input.conversations ?? []);
  const step = stepRun({ ...facts, model: reader !== undefined, readable });
  if ("end" in step) return await endWithout(deps, job, step.end);
  const classifier = step.judge === "model" && reader !== undefined ? reader : deterministicClassifier;
  const verdict = await classifier.classify(input, signal);
  if (signal.aborted) return undefined;
  const ids = { eventId: random.uuid(), caseUuid: random.uuid() };
  const end = await endLook(db, job, { ...ids, by: classifier.name, input, verdict, nowMs: clock.now() });
  if (end.outcome !== "decided") return { type: "fair_use_undecided", jobId: job.id, reason: end.outcome };
  const { caseRef, previousStage, stage } = end.evaluation;
  const tookMs = clock.now() - startedMs;
  const found = { caseRef, score: verdict.score, previousStage, stage };
  return { type: "fair_use_verdict", jobId: job.id, judgedBy: classifier.name, ...found, tookMs };
}

async function endWithout({ db, clock }: LookDeps, job: Job, reason: UndecidedReason): Promise<Ending> {
  const result = { decision: "none", reason };
  const held = await completeJob(db, job, { outcome: "completed", result, nowMs: clock.now() });
  return { type: "fair_use_undecided", jobId: job.id, reason: held ? reason : "lease_lost" };
}

type UndecidedReason = Extract<PusherEvent, { readonly type: "fair_use_undecided" }>["reason"];

function failureOf(error: unknown, job: Job): JobFailure {
  if (error instanceof LlmFailure) {
    const { code, class: failureClass, message, retryAfterMs } = error;
    const away = failureClass === "content" ? retryAfterMs : enrichDelayMs(job.tries, retryAfterMs);
    return { code, class: failureClass, message, retryAfterMs: away };
  }
  return jobFailureOf(error, "fair_use_failed");
}
