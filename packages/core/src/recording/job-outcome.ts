/**
 * What an answer about a job means for the recordings in it (reference client-sync 6.2 and 6.3), and when to ask. A server that
 * was too busy says so in `reason_code`; older ones are told by the words of their stale guard, or by a failed job that has no
 * segments and no reason, which nothing but that guard can make. All members of a job share its fate: a failed segment cannot
 * be traced to one file, and the server knows what it has already taken.
 */
import { conversationsOf, countOf, type Fields, fieldsOf, textOf } from "./upload-outcome.ts";

/** The answer as it came; `status` null where none came. */
export interface JobReply {
  readonly status: number | null;
  readonly retryAfterMs: number | null;
  readonly body: unknown;
}

export interface JobProgress {
  readonly serverStatus: string;
  readonly processedSegments: number;
  readonly totalSegments: number;
  /** Why the server has not begun, where it says so. */
  readonly reason: string | null;
}

export type JobOutcome =
  | { readonly type: "completed"; readonly created: readonly string[]; readonly updated: readonly string[] }
  | ({ readonly type: "waiting"; readonly retryAfterMs: number | null } & JobProgress)
  /** Nothing was learned. */
  | { readonly type: "transient"; readonly reason: string }
  | { readonly type: "signed_out"; readonly reason: string }
  | { readonly type: "not_found"; readonly reason: string }
  | ({
      readonly type: "failed";
      readonly reason: string;
      /** Conversations that came of what did succeed. */
      readonly created: readonly string[];
      readonly updated: readonly string[];
    } & FailedJob)
  | ({ readonly type: "busy"; readonly reason: string; readonly retryAfterMs: number | null } & FailedJob)
  | ({ readonly type: "unusable"; readonly reason: string } & FailedJob);

export interface FailedJob {
  readonly serverStatus: string;
  readonly serverError: string | null;
  readonly failedSegments: number;
  readonly totalSegments: number;
}

/** Reasons that are proof that the sound can never be used (T17). */
const UNUSABLE = new Set(["sync_invalid_audio", "stt_invalid_input"]);
/**
 * Reasons that say nothing about the sound (law L4): the server had no room, no time or no leave to work on it (reference
 * client-sync 6.3.2, offline-sync 4.5 and 9, no. 2).
 */
const BUSY = new Set([
  "backfill_paced",
  "backfill_capacity",
  "sync_worker_stale",
  "sync_dispatch_lost",
  "sync_dispatch_staging_failed",
  "sync_backfill_dispatch_unavailable",
  "sync_sequencer_registration_failed",
  "sync_transcription_budget_exhausted",
  "sync_conversation_persistence_fenced",
  "destructive_operation_in_progress",
  "account_cutover",
]);
/** The words of old servers, for which there is no code (reference offline-sync 9, no. 1). */
const STALE_GUARD = "background worker likely died";

export function jobOutcome({ status, retryAfterMs, body }: JobReply): JobOutcome {
  const job = fieldsOf(body);
  if (status === null) return { type: "transient", reason: "no_answer" };
  if (status === 401) return { type: "signed_out", reason: textOf(job.code) ?? "http_401" };
  if (status === 403 && job.class === "auth" && job.scope === "account") {
    return { type: "signed_out", reason: textOf(job.code) ?? "http_403" };
  }
  if (status === 404 || status === 403) {
    // The page of something between here and the server says nothing about a job.
    if (typeof body !== "object" || body === null) return { type: "transient", reason: `http_${status}` };
    return { type: "not_found", reason: `job_http_${status}` };
  }
  const serverStatus = textOf(job.status);
  if (status !== 200 || serverStatus === null) return { type: "transient", reason: `http_${status}` };
  const result = fieldsOf(job.result);
  const totalSegments = larger("total_segments", job, result);
  const failedSegments = larger("failed_segments", job, result);
  const reasonCode = textOf(job.reason_code);
  const { created, updated } = conversationsOf(result);
  const serverError = textOf(job.error);
  const failure: FailedJob = { serverStatus, serverError, failedSegments, totalSegments };
  switch (serverStatus) {
    case "completed":
      // A server that says both cannot mean the first (D11).
      if (failedSegments > 0) return { type: "failed", reason: "failed_segments", created, updated, ...failure };
      return { type: "completed", created, updated };
    case "failed": {
      const stale = serverError?.includes(STALE_GUARD) === true || (totalSegments === 0 && reasonCode === null);
      if (stale || (reasonCode !== null && BUSY.has(reasonCode))) {
        const wishedMs = (countOf(job.retry_after) ?? 0) * 1000;
        const busyMs = wishedMs > 0 ? wishedMs : retryAfterMs;
        return { type: "busy", reason: reasonCode ?? "stale_guard", retryAfterMs: busyMs, ...failure };
      }
      if (reasonCode !== null && UNUSABLE.has(reasonCode)) return { type: "unusable", reason: reasonCode, ...failure };
      return { type: "failed", reason: reasonCode ?? "failed", created, updated, ...failure };
    }
    case "partial_failure":
      return { type: "failed", reason: reasonCode ?? "partial_failure", created, updated, ...failure };
    default: {
      const wishedMs = (countOf(job.retry_after) ?? 0) * 1000;
      const processedSegments = countOf(job.processed_segments) ?? 0;
      const progress = { serverStatus, processedSegments, totalSegments, reason: reasonCode };
      return { type: "waiting", retryAfterMs: wishedMs > 0 ? wishedMs : retryAfterMs, ...progress };
    }
  }
}

/** Either place may say 0 where the other knows the number (reference offline-sync 4.4, quirks). */
function larger(name: string, job: Fields, result: Fields): number {
  return Math.max(countOf(job[name]) ?? 0, countOf(result[name]) ?? 0);
}

/** Delays between two rounds of questions; the last repeats (reference client-sync 6.1). */
const DELAYS_MS = [20_000, 20_000, 30_000, 45_000, 60_000, 120_000] as const;

/** When to ask next. `step` is how often it was asked since something came of it. */
export function reconcileDelayMs(step: number): number {
  return DELAYS_MS[Math.min(Math.max(step, 0), DELAYS_MS.length - 1)] ?? DELAYS_MS[0];
}

const ATTENDED = { soonestMs: 500, latestMs: 10_000, share: 1 / 8 } as const;

/** The same while somebody waits for it: soon after the bytes went, and ever more rarely the longer the work takes. */
export function attendedDelayMs(ageMs: number): number {
  return Math.min(Math.max(ageMs * ATTENDED.share, ATTENDED.soonestMs), ATTENDED.latestMs);
}

/** Jobs that are asked after at the same time. */
export const RECONCILE_CONCURRENCY = 3;

/**
 * A job of which nothing was learned for so long is taken for lost, and the bytes go again: the server recognises what it has
 * (D5). Time in which the server said "still waiting" does not count.
 */
export const UPLOADED_DEADLINE_MS = 86_400_000;
