/** What the gateway wrote into the job about the whole batch; unknown or missing members take the plainest meaning. */
import { normaliseSource, SYNC } from "@holdfast/contract";
import { commonShiftMs } from "@holdfast/core";
import type { AskedTarget } from "@holdfast/store";

export interface SyncPayload {
  readonly source: string;
  readonly clientDeviceId: string | null;
  readonly clientPlatform: string | null;
  readonly language: string | null;
  /** The user's plan has run out: what comes of the recordings is stored, and locked. */
  readonly isLocked: boolean;
  /** Where a client says that the recordings belong. */
  readonly target: AskedTarget;
  readonly geolocation: Readonly<Record<string, unknown>> | null;
  /** `.bin` recordings of devices, or ordinary sound files. */
  readonly kind: "omi" | "sound";
  /** When a sound file without a time of its own was recorded, as far as anybody knows. */
  readonly startedAtMs: number | null;
}

/*
 * `audio_start_seconds` and `audio_end_seconds` are not read: they describe the stretch of a live conversation that the
 * recordings cover, and what that stretch holds already is found by its words (reference offline-sync 5.5).
 */
export function readSyncPayload(payload: Readonly<Record<string, unknown>>): SyncPayload {
  return {
    source: normaliseSource(text(payload.source)),
    clientDeviceId: text(payload.client_device_id),
    clientPlatform: text(payload.client_platform),
    language: text(payload.language),
    isLocked: payload.should_lock === true,
    target: {
      conversationId: text(payload.target_conversation_id) ?? text(payload.conversation_id),
      recordingSessionId: text(payload.target_recording_session_id) ?? text(payload.recording_session_id),
    },
    geolocation: place(payload.geolocation),
    kind: payload.kind === "sound" ? "sound" : "omi",
    startedAtMs: typeof payload.started_at_ms === "number" ? payload.started_at_ms : null,
  };
}

function place(value: unknown): Readonly<Record<string, unknown>> | null {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : null;
}

/** When a file says it was recorded: part of what names its sound, whatever the clock of the device was worth. */
export function claimedStartMs(
  file: { readonly capturedAtMs: number | null },
  payload: Pick<SyncPayload, "startedAtMs">,
  acceptedMs: number,
): number {
  return file.capturedAtMs ?? payload.startedAtMs ?? acceptedMs;
}

/** What must be added to the times of all files of a batch, because the clock of the device ran ahead. */
export function clockShiftMs(files: readonly { readonly capturedAtMs: number | null }[], acceptedMs: number): number {
  return commonShiftMs(
    files.map((file) => file.capturedAtMs),
    acceptedMs,
    SYNC.futureSkewMs,
  );
}

/**
 * The files as they were recorded, not as they were sent: words are assigned in time order, or a file that lies between two
 * others would find them apart (reference offline-sync, defect 10). Files without a time were recorded at `otherwiseMs`.
 */
export function inCaptureOrder<T extends { readonly capturedAtMs: number | null }>(
  files: readonly T[],
  otherwiseMs: number,
): T[] {
  return [...files].sort((a, b) => (a.capturedAtMs ?? otherwiseMs) - (b.capturedAtMs ?? otherwiseMs));
}

/**
 * Recordings are joined by time only within one device (reference offline-sync 5.4, partition). A sound file whose time nobody
 * knows is a partition of its own: two files dropped together did not happen at the same moment.
 */
export function partitionOf(
  payload: Pick<SyncPayload, "kind" | "clientDeviceId">,
  file: { readonly capturedAtMs: number | null; readonly sha256: string },
): string | null {
  return payload.kind === "sound" && file.capturedAtMs === null
    ? `file_${file.sha256.slice(0, 16)}`
    : payload.clientDeviceId;
}

function text(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}
