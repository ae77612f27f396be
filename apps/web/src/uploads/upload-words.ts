/** What became of a dropped file, in plain words. Decides on codes and classes, never on the text of an error (law L4). */
import type { SyncStatus } from "@holdfast/client";
import { isHoldfastError } from "@holdfast/contract";
import type { Explanation } from "@holdfast/core";
import { type Amount, fileSize } from "../i18n/amounts.ts";
import { type Message, type MessageId, message, type Values } from "../i18n/message.ts";
import { whyWords } from "../sync/why-words.ts";

/** What the file dialogue offers; dropping takes any file, and the server judges by its content. */
export const SOUND_TYPES = "audio/*,video/webm,video/mp4,.bin,.wav,.mp3,.m4a,.ogg,.opus,.webm,.flac";

export const SOUND_FORMATS: Amount = {
  as: "list",
  items: ["WAV", "MP3", "M4A", "Ogg", "WebM", "FLAC"],
  type: "disjunction",
};

const LARGEST_BYTES = 200_000_000;

const BY_CODE: Readonly<Record<string, MessageId>> = {
  unsupported_audio: "upload.failure.not_sound",
  unsupported_media_type: "upload.failure.not_sound",
  http_415: "upload.failure.not_sound",
  sync_unsupported_audio: "upload.failure.not_sound",
  sync_invalid_audio: "upload.failure.no_sound",
  sync_decode_failed: "upload.failure.no_sound",
  sync_audio_too_long: "upload.failure.too_long",
  sync_staged_audio_expired: "upload.failure.file_expired",
  stt_invalid_input: "upload.failure.stt_invalid_input",
  stt_upstream_error: "upload.failure.stt_upstream_error",
  job_not_found: "upload.failure.job_not_found",
  payload_too_large: "upload.failure.too_large",
  http_413: "upload.failure.too_large",
  empty_file: "upload.failure.empty_file",
  no_frames: "upload.failure.no_frames",
  storage_full: "upload.failure.storage_full",
  storage_failed: "upload.failure.storage_failed",
  log_in_use: "upload.failure.log_in_use",
  insecure_page: "upload.failure.insecure_page",
  signed_out: "upload.failure.signed_out",
  sync_invalid_name: "upload.failure.bad_name",
  sync_invalid_timestamp: "upload.failure.bad_time",
};

/** What some of them tell beside their words. */
const FACTS: Values = {
  formats: SOUND_FORMATS,
  most: fileSize(LARGEST_BYTES),
  example: "audio_omi_opus_fs320_16000_1_fs320_1756000000.bin",
};

/** Why a file was not taken into the log. */
export function importFailure(error: unknown): Message {
  if (!isHoldfastError(error)) return message("upload.failure.unreadable");
  return message(BY_CODE[error.code] ?? "upload.failure.storage_failed", FACTS);
}

/** Why a file that the log has did not become a conversation, and will not by itself. */
export function uploadFailure(why: string | null): Message {
  if (why === null) return message("upload.failure.unknown");
  const known = BY_CODE[why];
  return known === undefined ? message("upload.failure.because", { why: whyWords(why) }) : message(known, FACTS);
}

/** What an upload waits for. */
export function waitWords({ why, next }: Explanation): Message {
  if (why !== null) return whyWords(why);
  return message(next === "sends_when_asked" ? "upload.wait.asked" : "upload.wait.turn");
}

type JobNews = { readonly processedSegments: number; readonly totalSegments: number; readonly serverStatus: string };

export function jobWords(job: JobNews | undefined): Message {
  if (job === undefined || job.serverStatus === "queued") return message("upload.job.queued");
  if (job.totalSegments === 0) return message("upload.job.transcribing");
  return message("upload.job.part", { part: job.processedSegments, total: job.totalSegments });
}

/** Share of a file that is being sent; null where more than it are on their way. */
export function sentShare({ progress }: SyncStatus): number | null {
  if (progress === null || progress.recordings.total !== 1) return null;
  return progress.bytes.sent / Math.max(1, progress.bytes.total);
}
