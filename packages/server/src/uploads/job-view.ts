/**
 * A job of recordings as clients see it (reference offline-sync 4.4). `queued` and `processing` are what they say (law L3):
 * a job that waits for its turn, for the network or for a retry is `queued`, with the reason and the time of the next try,
 * however long it waits. A failed job names its reason in `reason_code` and again in `error`.
 */
import type { SyncJobStatus, SyncJobView } from "@holdfast/contract";
import { SYNC } from "@holdfast/contract";
import { isTerminal, type JobState } from "@holdfast/core";
import { type Job, REPEAT_FAILURE_PAUSED } from "@holdfast/store";

const STATUS: Readonly<Record<JobState, SyncJobStatus>> = {
  queued: "queued",
  blocked: "queued",
  leased: "processing",
  completed: "completed",
  partial_failure: "partial_failure",
  failed: "failed",
  dead_letter: "failed",
};

type Numbers = Readonly<Record<string, unknown>> | null;

export function jobView(job: Job, nowMs: number): SyncJobView {
  const status = STATUS[job.state];
  const terminal = isTerminal(job.state);
  const counts = terminal && job.result !== null ? job.result : job.progress;
  const total = count(counts, "total_segments");
  const failed = count(counts, "failed_segments");
  const age = job.payload.recording_age_seconds;
  const waitMs = job.dueMs - nowMs;
  return {
    job_id: job.id,
    status,
    // A job that was answered from the ledger shows its total in the result only (reference offline-sync 4.4, quirks).
    total_segments: job.payload.from_ledger === true ? 0 : total,
    processed_segments: terminal ? total : count(counts, "processed_segments"),
    successful_segments: terminal ? Math.max(0, total - failed) : count(counts, "successful_segments"),
    failed_segments: failed,
    lane: job.lane,
    ...(terminal && job.result !== null ? { result: resultOf(job.result, total, failed) } : {}),
    ...(status === "failed" ? { error: errorOf(job) } : {}),
    ...(job.reasonCode !== null
      ? { reason_code: job.reasonCode }
      : status === "failed"
        ? { reason_code: "sync_failed" }
        : {}),
    ...(status === "queued" && job.reasonCode !== null && waitMs > 0 ? { retry_after: Math.ceil(waitMs / 1000) } : {}),
    ...(typeof age === "number" ? { recording_age_seconds: Math.round(age) } : {}),
  };
}

/** A reason is repeated; content that rests says so in words (reference offline-sync 4.5). */
function errorOf(job: Job): string {
  if (job.reasonCode === REPEAT_FAILURE_PAUSED) return job.lastError ?? job.reasonCode;
  return job.reasonCode ?? "sync_failed";
}

function resultOf(result: Readonly<Record<string, unknown>>, total: number, failed: number): SyncJobView["result"] {
  return {
    new_memories: strings(result.new_memories),
    updated_memories: strings(result.updated_memories),
    failed_segments: failed,
    total_segments: total,
    errors: strings(result.errors).slice(0, SYNC.maxErrors),
  };
}

function count(from: Numbers, key: string): number {
  const value = from?.[key];
  return typeof value === "number" && Number.isFinite(value) ? Math.max(0, Math.round(value)) : 0;
}

function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}
