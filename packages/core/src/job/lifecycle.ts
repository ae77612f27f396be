/**
 * The life of a job (finalisation, offline batch, gap repair, side effects, a look at a user).
 *
 * | state     | claim  | take over (1) | lost (2)                 | heartbeat, progress | fail(class) (3)  | complete | release | block   | unblock | retry (4) |
 * |-----------|--------|---------------|--------------------------|---------------------|------------------|----------|---------|---------|---------|-----------|
 * | queued    | leased | -             | -                        | -                   | -                | -        | -       | blocked | -       | -         |
 * | leased    | -      | leased        | leased, queued, terminal | leased              | queued, terminal | terminal | queued  | -       | -       | -         |
 * | blocked   | -      | -             | -                        | -                   | -                | -        | -       | -       | queued  | queued    |
 * | completed | -      | -             | -                        | -                   | -                | -        | -       | -       | -       | -         |
 * | partial_failure, failed, dead_letter: nothing leads out of them but retry                                                                      |
 *
 * (1) A claim after the lease ran out; the epoch grows, so the old holder can write nothing any more. It adds one to the
 *     leases lost in a row; progress, a failure that was recorded and retry set that number to 0, giving the job back keeps it.
 * (2) What the new holder asks before it begins, because a job whose input kills its whole process (a native crash, no
 *     memory left) never comes to record a failure:
 *
 *     | leases lost in a row | what the new holder does                                                              |
 *     |----------------------|---------------------------------------------------------------------------------------|
 *     | 1 or 2               | works on it at once: processes are killed for many reasons                            |
 *     | 3 to 10              | puts it back for 5 s, doubled each time up to 5 min; it then runs alone in its process |
 *     | more                 | the same, and it costs an attempt as a `content` failure does, until none is left      |
 *
 *     A healthy job thus survives 14 kills in a row without any progress between them, over more than half an hour.
 * (3) `content` spends an attempt, and the last attempt ends in `dead_letter`, for an offline batch in `failed`.
 *     `permanent_input` ends at once in `failed`. Everything else (throttle, capacity, transport, auth) waits and tries again
 *     without spending an attempt (laws L3, L4). Age alone never ends a job.
 * (4) A person asks for it: a new generation with all its attempts. Whoever was told of an older generation is refused.
 */
import type { FailureClass } from "@holdfast/contract";
import { JOBS } from "@holdfast/contract";
import { backoffMs } from "../backoff.ts";

export const JOB_KINDS = [
  "finalization",
  "sync",
  "repair",
  "fanout",
  "audio_export",
  "audio_render",
  "audio_removal",
  "photo",
  "fair_use",
  "speech_sample",
] as const;

export type JobKind = (typeof JOB_KINDS)[number];
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
  | { readonly type: "lost" }
  | { readonly type: "heartbeat" }
  | { readonly type: "progress" }
  | { readonly type: "fail"; readonly class: FailureClass; readonly retryAfterMs?: number | undefined }
  | { readonly type: "complete"; readonly outcome: "completed" | "partial_failure" | "failed" }
  | { readonly type: "release" }
  | { readonly type: "block" }
  | { readonly type: "unblock" }
  | { readonly type: "retry" };

export interface JobSnapshot {
  readonly kind: JobKind;
  readonly state: JobState;
  /** Attempts spent so far, by `content` failures and by losing too many leases. */
  readonly attempts: number;
  /** Failures of any class so far; paces the backoff. */
  readonly tries: number;
  /** Leases that ran out in a row, without progress or a recorded failure between them. */
  readonly lostLeases: number;
  /** Grows with each retry that a person asks for. */
  readonly generation: number;
}

/** What becomes of the job; `undefined` where the event does not apply and nothing may be written. */
export interface JobDecision extends Omit<JobSnapshot, "kind"> {
  /** Wait before the next claim, in milliseconds. */
  readonly delayMs: number;
}

const BACKOFF = { baseMs: JOBS.retryBaseMs, capMs: JOBS.retryCapMs, jitter: 0.2 };
const SUSPECT_BACKOFF = { ...BACKOFF, baseMs: JOBS.suspectBaseMs };

/** True where the job may be what ends its workers: it then runs alone in its process. */
export function isSuspect(job: Pick<JobSnapshot, "lostLeases">): boolean {
  return job.lostLeases >= JOBS.suspectLostLeases;
}

/** `random` is uniform in [0, 1) and only spreads the waiting time. */
export function stepJob(job: JobSnapshot, event: JobEvent, random: number): JobDecision | undefined {
  const { kind: _, ...rest } = job;
  const stay = { ...rest, delayMs: 0 };
  const isLeased = job.state === "leased";
  switch (event.type) {
    case "claim":
      if (job.state === "queued") return { ...stay, state: "leased" };
      return isLeased && event.leaseExpired ? { ...stay, lostLeases: job.lostLeases + 1 } : undefined;
    case "lost":
      return isLeased ? stepLostLease(job, random) : undefined;
    case "heartbeat":
      return isLeased ? stay : undefined;
    case "progress":
      return isLeased ? { ...stay, lostLeases: 0 } : undefined;
    case "fail":
      return isLeased ? stepFailure(job, event.class, event.retryAfterMs, random) : undefined;
    case "complete":
      return isLeased ? { ...stay, state: event.outcome } : undefined;
    case "release":
      return isLeased ? { ...stay, state: "queued" } : undefined;
    case "block":
      return job.state === "queued" ? { ...stay, state: "blocked" } : undefined;
    case "unblock":
      return job.state === "blocked" ? { ...stay, state: "queued" } : undefined;
    case "retry":
      return isRetryable(job.state) ? anew(job) : undefined;
    default:
      return event satisfies never;
  }
}

/** What a person may ask for again: everything that ended without its whole result, and what waits for another job. */
export function isRetryable(state: JobState): boolean {
  return state === "blocked" || (isTerminal(state) && state !== "completed");
}

function anew(job: JobSnapshot): JobDecision {
  return { state: "queued", attempts: 0, tries: 0, lostLeases: 0, generation: job.generation + 1, delayMs: 0 };
}

function stepLostLease(job: JobSnapshot, random: number): JobDecision {
  const { attempts, tries, lostLeases, generation } = job;
  if (!isSuspect(job)) return { state: "leased", attempts, tries, lostLeases, generation, delayMs: 0 };
  const delayMs = backoffMs(lostLeases - JOBS.suspectLostLeases, random, SUSPECT_BACKOFF);
  const spent = lostLeases > JOBS.maxLostLeases ? 1 : 0;
  const next = { attempts: attempts + spent, tries: tries + spent, lostLeases, generation };
  if (next.attempts >= JOBS.maxAttempts) return { ...next, state: exhausted(job.kind), delayMs: 0 };
  return { ...next, state: "queued", delayMs };
}

function stepFailure(
  job: JobSnapshot,
  failure: FailureClass,
  retryAfterMs: number | undefined,
  random: number,
): JobDecision {
  const attempts = job.attempts + (failure === "content" ? 1 : 0);
  const next = { attempts, tries: job.tries + 1, lostLeases: 0, generation: job.generation };
  if (failure === "permanent_input") return { ...next, state: "failed", delayMs: 0 };
  if (attempts >= JOBS.maxAttempts) return { ...next, state: exhausted(job.kind), delayMs: 0 };
  const delayMs = Math.max(backoffMs(job.tries, random, BACKOFF), retryAfterMs ?? 0);
  return { ...next, state: "queued", delayMs };
}

/** Released clients know `failed` as the end of an offline batch, and nothing else. */
function exhausted(kind: JobKind): JobState {
  return kind === "sync" ? "failed" : "dead_letter";
}
