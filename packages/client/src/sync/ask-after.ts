/** When jobs are asked after next: as the server says, else ever more rarely, and sooner while somebody waits for them. */
import { attendedDelayMs, reconcileDelayMs } from "@holdfast/core";
import type { Recording } from "../log/recording.ts";
import type { JobNews } from "./reconcile.ts";

/** Between these lies the next question about a job when the server says when it wants to be asked. */
const ASK_AGAIN = { minMs: 1_000, maxMs: 600_000 } as const;

/** `step`: how often it was asked since something came of it. `wishedMs`: what the server said; null where it did not. */
export function askAfterMs(step: number, wishedMs: number | null): number {
  if (wishedMs === null) return reconcileDelayMs(step);
  return Math.min(Math.max(wishedMs, ASK_AGAIN.minMs), ASK_AGAIN.maxMs);
}

/** The most that somebody who waits should have to wait; infinite where every job is in line for a reason, which gave it a time. */
export function attendedMs(recordings: Iterable<Recording>, jobs: ReadonlyMap<string, JobNews>, nowMs: number): number {
  let sentMs = Number.NEGATIVE_INFINITY;
  for (const { status, jobId, uploadedAtMs } of recordings) {
    const hasTime = jobId !== null && (jobs.get(jobId)?.reason ?? null) !== null;
    if (status === "uploaded" && !hasTime) sentMs = Math.max(sentMs, uploadedAtMs);
  }
  const ageMs = nowMs - sentMs;
  return Number.isFinite(ageMs) ? attendedDelayMs(ageMs) : Number.POSITIVE_INFINITY;
}
