/** What became of an upload, in plain words. Decides on codes and classes, never on the text of an error (law L4). */
import { isHoldfastError, type SyncJobView } from "@holdfast/contract";

/** What the file dialogue offers; dropping takes any file, and the server judges by its content. */
export const SOUND_TYPES = "audio/*,video/webm,video/mp4,.bin,.wav,.mp3,.m4a,.ogg,.opus,.webm,.flac";

const FORMATS = "WAV, MP3, M4A, Ogg, WebM or FLAC";

const NOT_SOUND = `This is not a sound file Holdfast can read. It takes ${FORMATS}.`;

const BY_CODE: Readonly<Record<string, string>> = {
  unsupported_audio: NOT_SOUND,
  unsupported_media_type: NOT_SOUND,
  http_415: NOT_SOUND,
  sync_unsupported_audio: NOT_SOUND,
  sync_invalid_audio: "Nothing in this file could be read as sound. It may be damaged.",
  sync_decode_failed: "Nothing in this file could be read as sound. It may be damaged.",
  sync_audio_too_long: "This recording is too long for one file. Split it, then drop the parts.",
  sync_staged_audio_expired: "The server no longer has this file. Drop it again.",
  stt_invalid_input: "The speech engine does not take this sound.",
  stt_upstream_error: "The speech engine failed on this sound again and again. Try again later.",
  job_not_found: "The server no longer knows this upload. Drop the file again.",
  payload_too_large: "This file is larger than 200 MB. Split it, or save it as MP3 or Ogg, then drop it again.",
  empty_file: "This file is empty.",
  unreachable: "The server can't be reached.",
};

export function uploadFailure(error: unknown): string {
  if (!isHoldfastError(error)) return "The upload failed.";
  const known = BY_CODE[error.code];
  if (known !== undefined) return known;
  if (error.class === "auth") return "You are signed out. Open the sign-in link again.";
  return `The server refused this file: ${error.message}.`.replace(/\.\.$/, ".");
}

export function waitReason(error: unknown): string {
  if (!isHoldfastError(error)) return "The upload is tried again";
  if (error.class === "capacity") return "The server is busy";
  if (error.class === "throttle") return "Your upload limit is reached for now";
  return "The server can't be reached";
}

export function jobFailure(job: SyncJobView): string {
  const codes = [job.reason_code, ...(job.result?.errors ?? [])];
  const known = codes.map((code) => BY_CODE[code ?? ""]).find((words) => words !== undefined);
  return known ?? job.result?.errors[0] ?? job.error ?? "The sound could not be transcribed.";
}

export function jobWords(job: SyncJobView | null): string {
  if (job === null || job.status === "queued") return "Waiting for its turn";
  if (job.total_segments > 0) return `Transcribing, part ${job.processed_segments} of ${job.total_segments}`;
  return "Transcribing";
}
