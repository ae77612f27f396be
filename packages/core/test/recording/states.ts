/** Recordings for tests: one of every status as it looks after a life with one failure in it. */
import { NEW_RECORDING, type RecordingState, type RecordingStatus } from "@holdfast/core";

/** When the example recordings failed, were taken and were confirmed. */
export const FAILED_AT = 1_000;
export const TAKEN_AT = 2_000;
export const CONFIRMED_AT = 3_000;

const failed: RecordingState = { ...NEW_RECORDING, attempts: 1, lastAttemptAtMs: FAILED_AT };

const EXAMPLES: Readonly<Record<RecordingStatus, RecordingState>> = {
  in_progress: NEW_RECORDING,
  miss: { ...failed, status: "miss", reason: "sync_decode_failed" },
  uploaded: { ...failed, status: "uploaded", jobId: "job-1", uploadedAtMs: TAKEN_AT },
  synced: { ...failed, status: "synced", uploadedAtMs: TAKEN_AT, syncedAtMs: CONFIRMED_AT },
  corrupted: { ...failed, status: "corrupted", reason: "file_missing" },
  outside_recovery_window: { ...failed, status: "outside_recovery_window", reason: "backfill_lookback_exceeded" },
  unsupported_audio: { ...failed, status: "unsupported_audio", uploadedAtMs: TAKEN_AT, reason: "sync_invalid_audio" },
  upload_rejected: { ...failed, status: "upload_rejected", reason: "http_413" },
};

export function recording(status: RecordingStatus, over: Partial<RecordingState> = {}): RecordingState {
  return { ...EXAMPLES[status], ...over };
}
