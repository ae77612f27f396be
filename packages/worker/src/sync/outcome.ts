/**
 * How an offline job ends. `completed` is a promise: every byte of every file was decoded and then transcribed or judged
 * silent, and the client may erase its copy (reference offline-sync 2.3 and defects 13, 14).
 *
 * | lost | used | outcome           | reason                                                      |
 * |------|------|-------------------|-------------------------------------------------------------|
 * | 0    | any  | `completed`       | -                                                           |
 * | some | some | `partial_failure` | - (the codes are in the result)                             |
 * | all  | 0    | `failed`          | `sync_invalid_audio` if no file decodes, else the first code |
 */
import { SYNC, type SyncResult } from "@holdfast/contract";
import { type SyncProgress, segmentCounts } from "./progress.ts";

export interface SyncOutcome {
  readonly outcome: "completed" | "partial_failure" | "failed";
  readonly reasonCode: string | null;
  readonly result: SyncResult;
}

/** Refusals of the sound itself, which another upload of the same bytes would meet again. */
const UNDECODABLE: readonly string[] = ["sync_invalid_audio", "sync_unsupported_audio", "sync_audio_too_long"];

export function outcomeOf(progress: SyncProgress): SyncOutcome {
  const codes = progress.errors.map(({ code }) => code);
  const { total_segments, failed_segments } = segmentCounts(progress);
  const result: SyncResult = {
    new_memories: [...progress.created],
    updated_memories: [...progress.updated],
    failed_segments,
    total_segments,
    errors: codes.slice(0, SYNC.maxErrors),
  };
  if (failed_segments === 0) return { outcome: "completed", reasonCode: null, result };
  if (progress.successful > 0) return { outcome: "partial_failure", reasonCode: null, result };
  const undecodable = codes.every((code) => UNDECODABLE.includes(code));
  return { outcome: "failed", reasonCode: undecodable ? "sync_invalid_audio" : (codes[0] ?? null), result };
}
