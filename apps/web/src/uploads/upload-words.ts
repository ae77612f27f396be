/** What became of an upload, in plain words. Decides on codes and classes, never on the text of an error (law L4). */
import { isHoldfastError, type SyncJobView } from "@holdfast/contract";

/** What the file dialogue offers; dropping takes any file, and the server judges by its content. */
export const SOUND_TYPES = "audio/*,video/webm,video/mp4,.bin,.wav,.mp3,.m4a,.ogg,.opus,.webm,.flac";

const FORMATS = "WAV, MP3, M4A, Ogg, WebM or FLAC";

const BY_CODE: Readonly<Record<string, string>> = {
  unsupported_media_type: `This is not a sound file Holdfast can read. It takes ${FORMATS}.`,
  http_415: `This is not a sound file Holdfast can read. It takes ${FORMATS}.`,
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
  const known = job.reason_code === undefined ? undefined : BY_CODE[job.reason_code];
  return known ?? job.result?.errors[0] ?? job.error ?? "The sound could not be transcribed.";
}

export function jobWords(job: SyncJobView | null): string {
  if (job === null || job.status === "queued") return "Waiting for its turn";
  if (job.total_segments > 0) return `Transcribing, part ${job.processed_segments} of ${job.total_segments}`;
  return "Transcribing";
}
