/** What the gateway wrote into the job about the whole batch; unknown or missing members take the plainest meaning. */
import { normaliseSource } from "@holdfast/contract";

export interface SyncPayload {
  readonly source: string;
  readonly clientDeviceId: string | null;
  readonly clientPlatform: string | null;
  readonly language: string | null;
  /** `.bin` recordings of devices, or ordinary sound files. */
  readonly kind: "omi" | "sound";
  /** When a sound file without a time of its own was recorded, as far as anybody knows. */
  readonly startedAtMs: number | null;
}

/*
 * `conversation_id` is not read: the target that a client names is only honoured where it is a row of the same capture
 * partition with content of its own, and falls back to assignment by time otherwise (reference offline-sync 5.4, "an empty
 * live stub, a missing or a deleted target falls back"). Assignment by time is what every upload gets in this version.
 */
export function readSyncPayload(payload: Readonly<Record<string, unknown>>): SyncPayload {
  return {
    source: normaliseSource(text(payload.source)),
    clientDeviceId: text(payload.client_device_id),
    clientPlatform: text(payload.client_platform),
    language: text(payload.language),
    kind: payload.kind === "sound" ? "sound" : "omi",
    startedAtMs: typeof payload.started_at_ms === "number" ? payload.started_at_ms : null,
  };
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
