/**
 * The `wals.json` of Omi's app: `{version: 1, timestamp, wals: [record]}` (reference client-sync 2.1 and 2.4). A record becomes
 * a recording together with its `.bin` file, keeps where it stood, and goes out again with every field it came with, also those
 * that nobody here knows. A record whose file is not found is told, never taken for a recording.
 */
import { isHoldfastError } from "@holdfast/contract";
import type { RecordingStatus } from "@holdfast/core";
import type { StoredRecording } from "../index-state.ts";
import type { Recording } from "../recording.ts";
import type { Importer } from "./import.ts";

/** Finds the bytes of a record by the base name in its `file_path`; null where there are none. */
export type FindFile = (name: string) => Promise<Blob | null>;

export interface OmiImport {
  readonly recordings: readonly Recording[];
  readonly skipped: readonly { readonly name: string; readonly reason: string }[];
}

const STATUS_TO_OMI: Readonly<Record<RecordingStatus, string>> = {
  in_progress: "inProgress",
  miss: "miss",
  uploaded: "uploaded",
  synced: "synced",
  corrupted: "corrupted",
  outside_recovery_window: "outsideRecoveryWindow",
  unsupported_audio: "unsupportedAudio",
  upload_rejected: "uploadRejected",
};

const STATUS_FROM_OMI = new Map(
  Object.entries(STATUS_TO_OMI).map(([status, omi]) => [omi, status as RecordingStatus] as const),
);

type OmiRecord = Readonly<Record<string, unknown>>;

/** Throws SyntaxError where the text is no JSON; anything else that is not a record is skipped and told. */
export async function importOmiIndex(importer: Importer, json: string, find: FindFile): Promise<OmiImport> {
  const recordings: Recording[] = [];
  const skipped: { name: string; reason: string }[] = [];
  for (const wal of recordsOf(JSON.parse(json))) {
    const name = text(wal, "file_path")?.split("/").at(-1) ?? "";
    const content = name === "" ? null : await find(name);
    if (content === null) {
      skipped.push({ name, reason: "file_missing" });
      continue;
    }
    try {
      const as = {
        device: text(wal, "device") ?? "phone",
        deviceModel: text(wal, "device_model"),
        fields: fieldsOf(wal),
      };
      recordings.push((await importer.bin(name, content, as)).recording);
    } catch (error) {
      if (!isHoldfastError(error) || error.class !== "permanent_input") throw error;
      skipped.push({ name, reason: error.code });
    }
  }
  return { recordings, skipped };
}

/** Recordings of frames as `wals.json`; `nameOf` gives the name under which the `.bin` lies beside it. */
export function exportOmiIndex(
  recordings: Iterable<StoredRecording>,
  nameOf: (recording: Recording) => string,
  nowMs: number,
): string {
  const wals = [...recordings].filter(({ kind }) => kind === "frames").map((each) => walOf(each, nameOf(each)));
  return JSON.stringify({ version: 1, timestamp: nowMs, wals });
}

function recordsOf(index: unknown): OmiRecord[] {
  const wals = isRecord(index) ? index.wals : undefined;
  return Array.isArray(wals) ? wals.filter(isRecord) : [];
}

/** A file without its job is `miss` (defect D6), and so is what was still being written. */
function fieldsOf(wal: OmiRecord): Partial<StoredRecording> {
  const jobId = text(wal, "job_id");
  const said = STATUS_FROM_OMI.get(text(wal, "status") ?? "") ?? "miss";
  const isOpen = said === "in_progress" || said === "corrupted" || (said === "uploaded" && (jobId ?? "") === "");
  const status = isOpen ? "miss" : said;
  return {
    status,
    jobId: status === "uploaded" ? jobId : null,
    attempts: Math.max(0, Math.trunc(number(wal, "retry_count"))),
    lastAttemptAtMs: number(wal, "last_retry_at") * 1000,
    uploadedAtMs: status === "uploaded" ? number(wal, "uploaded_at") * 1000 : 0,
    conversationId: text(wal, "conversation_id"),
    omi: wal,
  };
}

function walOf(recording: StoredRecording, name: string): OmiRecord {
  return {
    storage: "disk",
    storage_offset: 0,
    storage_total_bytes: 0,
    file_num: 1,
    ...recording.omi,
    timer_start: Math.floor(recording.startedAtMs / 1000),
    codec: recording.codec,
    channel: recording.channels,
    sample_rate: recording.sampleRate,
    seconds: Math.floor(recording.durationMs / 1000),
    device: recording.device,
    device_model: recording.deviceModel,
    status: STATUS_TO_OMI[recording.status],
    file_path: name,
    total_frames: recording.frames,
    synced_frame_offset: recording.delivered,
    conversation_id: recording.conversationId,
    retry_count: recording.attempts,
    last_retry_at: Math.floor(recording.lastAttemptAtMs / 1000),
    job_id: recording.jobId,
    uploaded_at: Math.floor(recording.uploadedAtMs / 1000),
  };
}

function isRecord(value: unknown): value is OmiRecord {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function text(record: OmiRecord, key: string): string | null {
  const value = record[key];
  return typeof value === "string" ? value : null;
}

function number(record: OmiRecord, key: string): number {
  const value = record[key];
  return typeof value === "number" && Number.isFinite(value) ? value : 0;
}
