/**
 * The life of a job (finalisation, offline batch, gap repair).
 *
 * | state            | claim        | fail(class)                      | complete | release | block   | unblock |
 * |------------------|--------------|----------------------------------|----------|---------|---------|---------|
 * | queued           | leased       | -                                | -        | -       | blocked | -       |
 * | leased           | leased (*)   | queued, or a terminal state (**) | terminal | queued  | -       | -       |
 * | blocked          | -            | -                                | -        | -       | -       | queued  |
 * | completed, partial_failure, failed, dead_letter: nothing leads out of them                               |
 *
 * (*) Only after the lease ran out; the epoch grows, so the old holder can write nothing any more.
 * (**) `content` spends an attempt, and the last attempt ends in `dead_letter` (finalisation, repair) or `failed` (offline
 * batch). `permanent_input` ends at once in `failed`. Everything else (throttle, capacity, transport, auth) waits and tries
 * again without spending an attempt (laws L3, L4). Age alone never ends a job.
 */
import type { FailureClass } from "@holdfast/contract";
import { JOBS } from "@holdfast/contract";
import { backoffMs } from "../backoff.ts";

export type JobKind = "finalization" | "sync" | "repair";
export type JobState = "queued" | "leased" | "completed" | "partial_failure" | "failed" | "dead_letter" | "blocked";

export const JOB_STATES: readonly JobState[] = [
  "queued",
  "leased",
  "completed",
  "partial_failure",
  "failed",
  "dead_letter",
  "blocked",
];

export function isTerminal(state: JobState): boolean {
  return state === "completed" || state === "partial_failure" || state === "failed" || state === "dead_letter";
}

export type JobEvent =
  | { readonly type: "claim"; readonly leaseExpired: boolean }
  | { readonly type: "fail"; readonly class: FailureClass; readonly retryAfterMs?: number | undefined }
  | { readonly type: "complete"; readonly outcome: "completed" | "partial_failure" | "failed" }
  | { readonly type: "release" }
  | { readonly type: "block" }
  | { readonly type: "unblock" };

export interface JobSnapshot {
  readonly kind: JobKind;
  readonly state: JobState;
  /** Attempts spent so far, by `content` failures only. */
  readonly attempts: number;
  /** Failures of any class so far; paces the backoff. */
  readonly tries: number;
}

/** What becomes of the job; `undefined` where the event does not apply and nothing may be written. */
export interface JobDecision {
  readonly state: JobState;
  readonly attempts: number;
  readonly tries: number;
  /** Wait before the next claim, in milliseconds. */
  readonly delayMs: number;
}

const BACKOFF = { baseMs: JOBS.retryBaseMs, capMs: JOBS.retryCapMs, jitter: 0.2 };

/** `random` is uniform in [0, 1) and only spreads the waiting time. */
export function stepJob(job: JobSnapshot, event: JobEvent, random: number): JobDecision | undefined {
  const stay = { attempts: job.attempts, tries: job.tries, delayMs: 0 };
  switch (event.type) {
    case "claim":
      if (job.state === "queued" || (job.state === "leased" && event.leaseExpired)) return { ...stay, state: "leased" };
      return undefined;
    case "fail":
      return job.state === "leased" ? stepFailure(job, event.class, event.retryAfterMs, random) : undefined;
    case "complete":
      return job.state === "leased" ? { ...stay, state: event.outcome } : undefined;
    case "release":
      return job.state === "leased" ? { ...stay, state: "queued" } : undefined;
    case "block":
      return job.state === "queued" ? { ...stay, state: "blocked" } : undefined;
    case "unblock":
      return job.state === "blocked" ? { ...stay, state: "queued" } : undefined;
    default:
      return event satisfies never;
  }
}

function stepFailure(
  job: JobSnapshot,
  failure: FailureClass,
  retryAfterMs: number | undefined,
  random: number,
): JobDecision {
  const tries = job.tries + 1;
  const attempts = job.attempts + (failure === "content" ? 1 : 0);
  if (failure === "permanent_input") return { state: "failed", attempts, tries, delayMs: 0 };
  if (attempts >= JOBS.maxAttempts) {
    return { state: job.kind === "sync" ? "failed" : "dead_letter", attempts, tries, delayMs: 0 };
  }
  const delayMs = Math.max(backoffMs(job.tries, random, BACKOFF), retryAfterMs ?? 0);
  return { state: "queued", attempts, tries, delayMs };
}
