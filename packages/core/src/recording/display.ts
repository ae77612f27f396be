/**
 * What a person is shown of a recording, derived in one place and never stored (reference client-sync 3.2, 7.2.10). Final states
 * go before everything else, so that a flag left over can never show a dead recording as being sent.
 */
import { MAX_AUTOMATIC_ATTEMPTS, type RecordingState } from "./recording.ts";

export type DisplayState =
  /** Still being captured, or captured and in line. */
  | "waiting"
  | "syncing"
  | "uploaded"
  | "synced"
  /** The server could not process it; it will be tried again by itself. */
  | "retrying"
  /** It was tried often enough; a person may ask again. */
  | "failed"
  | "corrupted"
  | "too_old"
  | "unsupported_audio"
  | "upload_rejected";

export function displayState(recording: RecordingState, isSending: boolean): DisplayState {
  switch (recording.status) {
    case "corrupted":
    case "unsupported_audio":
    case "upload_rejected":
    case "uploaded":
    case "synced":
      return recording.status;
    case "outside_recovery_window":
      return "too_old";
    case "in_progress":
      return "waiting";
    case "miss":
      if (isSending) return "syncing";
      if (recording.attempts >= MAX_AUTOMATIC_ATTEMPTS) return "failed";
      return recording.attempts > 0 ? "retrying" : "waiting";
    default:
      return recording.status satisfies never;
  }
}

/** What a person can do about a recording in this state (reference client-sync 7.2.10, 3.5.2). */
export interface RowActions {
  readonly retry: boolean;
  readonly delete: boolean;
  /** Deleting it could lose sound that no conversation has: ask with stronger words. */
  readonly deleteLoses: boolean;
}

export function rowActions(state: DisplayState): RowActions {
  switch (state) {
    case "syncing":
      return { retry: false, delete: false, deleteLoses: true };
    case "retrying":
    case "failed":
    case "upload_rejected":
      return { retry: true, delete: true, deleteLoses: true };
    case "waiting":
    case "uploaded":
    case "too_old":
    case "unsupported_audio":
      return { retry: false, delete: true, deleteLoses: true };
    case "synced":
    case "corrupted":
      return { retry: false, delete: true, deleteLoses: false };
    default:
      return state satisfies never;
  }
}

export interface SyncCounts {
  /** Waiting, being sent, or with the server: everything that ends by itself. */
  readonly pending: number;
  /** In line, never failed. */
  readonly waiting: number;
  readonly retrying: number;
  readonly sending: number;
  readonly uploaded: number;
  readonly synced: number;
  /** Needs a person: gave up, or can never be taken. */
  readonly attention: number;
  readonly total: number;
}

/** Counts of reference client-sync 7.1.3. */
export function countRecordings(
  recordings: Iterable<RecordingState & { readonly id: string }>,
  sending: ReadonlySet<string>,
): SyncCounts {
  const counts = { waiting: 0, retrying: 0, sending: 0, uploaded: 0, synced: 0, attention: 0, total: 0 };
  for (const recording of recordings) {
    counts.total += 1;
    counts[bucketOf(displayState(recording, sending.has(recording.id)))] += 1;
  }
  return { ...counts, pending: counts.waiting + counts.retrying + counts.sending + counts.uploaded };
}

function bucketOf(state: DisplayState): "waiting" | "retrying" | "sending" | "uploaded" | "synced" | "attention" {
  switch (state) {
    case "syncing":
      return "sending";
    case "waiting":
    case "retrying":
    case "uploaded":
    case "synced":
      return state;
    case "failed":
    case "corrupted":
    case "too_old":
    case "unsupported_audio":
    case "upload_rejected":
      return "attention";
    default:
      return state satisfies never;
  }
}
