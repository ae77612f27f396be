/**
 * How far a gap repair is: kept in the job row, written in the transaction that stores the words it speaks of, and read back
 * by whoever takes the job over. A place is a run of sound, named by its first message, and the samples of it that are done.
 * Pure values; each function returns the next one.
 */
import type { RepairPayload } from "@holdfast/store";

export interface RepairProgress {
  /** First message of the run in work; every run before it is finished. */
  readonly fromMessage: number;
  /** Samples of that run that are finished, at 16 kHz. */
  readonly doneSamples: number;
  /** Words stored so far, in segments. */
  readonly segments: number;
}

/** At the run that begins with this message: where the last worker stopped in it, or at its beginning. */
export function atRun(progress: RepairProgress, firstMessage: number): RepairProgress {
  return progress.fromMessage === firstMessage ? progress : { ...progress, fromMessage: firstMessage, doneSamples: 0 };
}

/** A piece was transcribed or judged silent, up to `doneSamples` of its run. */
export function pieceDone(progress: RepairProgress, doneSamples: number, segments: number): RepairProgress {
  return { ...progress, doneSamples, segments: progress.segments + segments };
}

/** The row's form of it. */
export function progressRow(progress: RepairProgress): Record<string, unknown> {
  return { from_message: progress.fromMessage, done_samples: progress.doneSamples, segments: progress.segments };
}

/** Reads a row back; what is missing or outside of the job's range begins at nothing. */
export function readProgress(row: Readonly<Record<string, unknown>> | null, range: RepairPayload): RepairProgress {
  const fromMessage = count(row?.from_message);
  const inRange = row !== null && fromMessage >= range.from_message && fromMessage < range.to_message;
  if (!inRange) return { fromMessage: range.from_message, doneSamples: 0, segments: 0 };
  return { fromMessage, doneSamples: count(row.done_samples), segments: count(row.segments) };
}

function count(value: unknown): number {
  return typeof value === "number" && Number.isSafeInteger(value) && value > 0 ? value : 0;
}
