/**
 * The life of one recording on the side that made it, as a pure machine (reference client-sync section 3, with the required
 * behaviours of section 11). A recording is a run of frames that was captured and is kept until the server has said, truthfully,
 * that it is part of a conversation. `miss` means "whole here, not yet there"; it is where everything returns to that can be
 * tried again.
 *
 * | state                   | left by                                                                             |
 * |-------------------------|-------------------------------------------------------------------------------------|
 * | in_progress             | sealed (miss, or synced where every frame was acknowledged), file_missing           |
 * | miss                    | delivered, accepted (uploaded), finished (synced), too_old, rejected, file_missing; |
 * |                         | batched leaves it where it is                                                       |
 * | uploaded                | finished (synced), job_failed, job_postponed, overdue (miss), job_lost (miss, or    |
 * |                         | corrupted where the bytes are gone), unusable                                       |
 * | synced                  | uncovered (miss; only what was freed by live acknowledgement alone)                 |
 * | corrupted               | - (final; the bytes are gone)                                                       |
 * | outside_recovery_window | - (final; the server will never take it)                                            |
 * | unsupported_audio       | - (final; the sound itself is unusable)                                             |
 * | upload_rejected         | retry (miss; a person may know that the server changed its mind)                    |
 *
 * Only `job_failed`, `job_lost` and `upload_failed` spend an attempt. Being told to wait, a lost connection, a sign-in that
 * ran out and a job that the server was too busy for spend none (law L4). A state that the event does not concern is returned
 * as it is, so that an answer which comes late can hurt nobody.
 *
 * Nobody knows whether an upload without an answer was taken, and a server recognises a batch as a whole. So a recording
 * remembers its batch until the content was judged: what goes again for any other reason goes with the very same ones.
 */

export type RecordingStatus =
  | "in_progress"
  | "miss"
  | "uploaded"
  | "synced"
  | "corrupted"
  | "outside_recovery_window"
  | "unsupported_audio"
  | "upload_rejected";

export const RECORDING_STATUSES: readonly RecordingStatus[] = [
  "in_progress",
  "miss",
  "uploaded",
  "synced",
  "corrupted",
  "outside_recovery_window",
  "unsupported_audio",
  "upload_rejected",
];

/** Attempts that fail by themselves before a person has to ask again (reference client-sync 3.4.1). */
export const MAX_AUTOMATIC_ATTEMPTS = 3;

/** What the machine decides about; everything else about a recording is fixed when it is captured. */
export interface RecordingState {
  readonly status: RecordingStatus;
  /** Attempts spent on failures of the content. At MAX_AUTOMATIC_ATTEMPTS nothing is tried without being asked. */
  readonly attempts: number;
  /** When an attempt was last spent, Unix milliseconds; 0 for never. */
  readonly lastAttemptAtMs: number;
  /** The server's job while `uploaded`, else null. */
  readonly jobId: string | null;
  /** When the server took the bytes, Unix milliseconds; 0 while it has not. */
  readonly uploadedAtMs: number;
  /** When the server confirmed it, Unix milliseconds; 0 for never, also where only live acknowledgement freed it. */
  readonly syncedAtMs: number;
  /** Shared by all that went up with it, while they may have to go again together; null otherwise. */
  readonly batchId: string | null;
  /** Code of the last failure or refusal; null while there was none. */
  readonly reason: string | null;
}

export type RecordingEvent =
  /** Capture closed it. `delivered`: the server acknowledged every frame of it as durable. */
  | { readonly type: "sealed"; readonly delivered: boolean }
  /** The server acknowledged the last frame that was missing. */
  | { readonly type: "delivered" }
  /** It is about to be sent, as one of this batch. */
  | { readonly type: "batched"; readonly batchId: string }
  /** 202. Without a job id nobody could ever ask after it, so it stays where it is. */
  | { readonly type: "accepted"; readonly jobId: string; readonly nowMs: number }
  /** 200, or a job that is completed. */
  | { readonly type: "finished"; readonly nowMs: number }
  /** The upload was told to wait, got no answer, or was not signed in. */
  | { readonly type: "postponed"; readonly reason: string }
  /** The upload was answered with a failure of the content. */
  | { readonly type: "upload_failed"; readonly reason: string; readonly nowMs: number }
  /** 422 `backfill_lookback_exceeded`. */
  | { readonly type: "too_old"; readonly reason: string }
  /** 400, 403 or 413, for this recording alone. */
  | { readonly type: "rejected"; readonly reason: string }
  | { readonly type: "job_failed"; readonly reason: string; readonly nowMs: number }
  /** The server had no time for the job: nobody's fault. */
  | { readonly type: "job_postponed"; readonly reason: string }
  /** The server does not know the job any more. */
  | { readonly type: "job_lost"; readonly reason: string; readonly nowMs: number; readonly fileExists: boolean }
  /** The job says that this sound can never be used. */
  | { readonly type: "unusable"; readonly reason: string; readonly nowMs: number }
  /** Nobody could say for too long what became of the job: the bytes go again, and the server knows its own. */
  | { readonly type: "overdue" }
  /** The bytes are gone from this machine. */
  | { readonly type: "file_missing" }
  /** The finished transcript does not hold what live acknowledgement had freed. */
  | { readonly type: "uncovered" }
  /** A person asks for another try. */
  | { readonly type: "retry" }
  /** The network is back: what gave up may try again. */
  | { readonly type: "network_returned" };

export const NEW_RECORDING: RecordingState = {
  status: "in_progress",
  attempts: 0,
  lastAttemptAtMs: 0,
  jobId: null,
  uploadedAtMs: 0,
  syncedAtMs: 0,
  batchId: null,
  reason: null,
};

/** The state after the event; the same object where the event changes nothing. */
export function stepRecording(state: RecordingState, event: RecordingEvent): RecordingState {
  switch (event.type) {
    case "sealed":
      return state.status === "in_progress" ? { ...state, status: event.delivered ? "synced" : "miss" } : state;
    case "delivered":
      return state.status === "miss" ? { ...state, status: "synced", batchId: null, reason: null } : state;
    case "batched":
      return state.status === "miss" && state.batchId !== event.batchId ? { ...state, batchId: event.batchId } : state;
    case "accepted":
      if (state.status !== "miss" || event.jobId === "") return state;
      return { ...state, status: "uploaded", jobId: event.jobId, uploadedAtMs: event.nowMs, reason: null };
    case "finished":
      if (state.status !== "miss" && state.status !== "uploaded") return state;
      return { ...state, status: "synced", jobId: null, syncedAtMs: event.nowMs, batchId: null, reason: null };
    case "postponed":
      return state.status === "miss" && state.reason !== event.reason ? { ...state, reason: event.reason } : state;
    case "upload_failed":
      return state.status === "miss" ? judged(state, event) : state;
    case "too_old":
      return state.status === "miss" ? ended(state, "outside_recovery_window", event.reason) : state;
    case "rejected":
      return state.status === "miss" ? ended(state, "upload_rejected", event.reason) : state;
    case "job_failed":
      return state.status === "uploaded" ? judged(state, event) : state;
    case "job_lost":
      if (state.status !== "uploaded") return state;
      return event.fileExists ? spent(state, event) : ended(state, "corrupted", "file_missing");
    case "job_postponed":
      return state.status === "uploaded" ? again(state, event.reason) : state;
    case "unusable":
      if (state.status !== "uploaded") return state;
      return { ...ended(state, "unsupported_audio", event.reason), lastAttemptAtMs: event.nowMs };
    case "overdue":
      return state.status === "uploaded" ? again(state, "job_overdue") : state;
    case "file_missing":
      return missing(state);
    case "uncovered":
      // What the server itself confirmed is never asked for again.
      if (state.status !== "synced" || state.syncedAtMs !== 0) return state;
      return { ...again(state, "transcript_gap"), attempts: 0, lastAttemptAtMs: 0 };
    case "retry":
      if (state.status === "upload_rejected") return { ...again(state, null), attempts: 0, lastAttemptAtMs: 0 };
      return state.status === "miss" ? fresh(state) : state;
    case "network_returned":
      return state.status === "miss" && state.attempts >= MAX_AUTOMATIC_ATTEMPTS ? fresh(state) : state;
    default:
      return event satisfies never;
  }
}

/** Whether the engine may upload it without being asked. */
export function isDue(state: RecordingState): boolean {
  return state.status === "miss" && state.attempts < MAX_AUTOMATIC_ATTEMPTS;
}

/** Nothing will ever change these by itself. */
export function isFinalRecording(status: RecordingStatus): boolean {
  switch (status) {
    case "corrupted":
    case "outside_recovery_window":
    case "unsupported_audio":
    case "upload_rejected":
      return true;
    case "in_progress":
    case "miss":
    case "uploaded":
    case "synced":
      return false;
    default:
      return status satisfies never;
  }
}

function again(state: RecordingState, reason: string | null): RecordingState {
  return { ...state, status: "miss", jobId: null, uploadedAtMs: 0, reason };
}

interface Failure {
  readonly reason: string;
  readonly nowMs: number;
}

/** The content was looked at: it goes again by itself. */
function judged(state: RecordingState, failure: Failure): RecordingState {
  return { ...spent(state, failure), batchId: null };
}

function spent(state: RecordingState, { reason, nowMs }: Failure): RecordingState {
  return { ...again(state, reason), attempts: state.attempts + 1, lastAttemptAtMs: nowMs };
}

function ended(state: RecordingState, status: RecordingStatus, reason: string): RecordingState {
  return { ...state, status, jobId: null, batchId: null, reason };
}

function fresh(state: RecordingState): RecordingState {
  if (state.attempts === 0 && state.reason === null) return state;
  return { ...state, attempts: 0, lastAttemptAtMs: 0, reason: null };
}

/** Copies that were confirmed are not missed. */
function missing(state: RecordingState): RecordingState {
  switch (state.status) {
    case "in_progress":
    case "miss":
      return ended(state, "corrupted", "file_missing");
    // The job has the bytes; should it lose them, `job_lost` says whether they are still here.
    case "uploaded":
    case "synced":
    case "corrupted":
    case "outside_recovery_window":
    case "unsupported_audio":
    case "upload_rejected":
      return state;
    default:
      return state.status satisfies never;
  }
}
