/** What became of a dropped file, in plain words. Decides on codes and classes, never on the text of an error (law L4). */
import type { SyncStatus } from "@holdfast/client";
import { isHoldfastError } from "@holdfast/contract";
import type { Explanation } from "@holdfast/core";
import { whyWords } from "../sync/why-words.ts";

/** What the file dialogue offers; dropping takes any file, and the server judges by its content. */
export const SOUND_TYPES = "audio/*,video/webm,video/mp4,.bin,.wav,.mp3,.m4a,.ogg,.opus,.webm,.flac";

const FORMATS = "WAV, MP3, M4A, Ogg, WebM or FLAC";

const NOT_SOUND = `This is not a sound file Holdfast can read. It takes ${FORMATS}.`;
const DAMAGED = "Nothing in this file could be read as sound. It may be damaged.";
const TOO_LARGE = "This file is larger than 200 MB. Split it, or save it as MP3 or Ogg, then drop it again.";

const BY_CODE: Readonly<Record<string, string>> = {
  unsupported_audio: NOT_SOUND,
  unsupported_media_type: NOT_SOUND,
  http_415: NOT_SOUND,
  sync_unsupported_audio: NOT_SOUND,
  sync_invalid_audio: DAMAGED,
  sync_decode_failed: DAMAGED,
  sync_audio_too_long: "This recording is too long for one file. Split it, then drop the parts.",
  sync_staged_audio_expired: "The server no longer has this file. Try again.",
  stt_invalid_input: "The speech engine does not take this sound.",
  stt_upstream_error: "The speech engine failed on this sound again and again. Try again later.",
  job_not_found: "The server no longer knows this upload. Try again.",
  payload_too_large: TOO_LARGE,
  http_413: TOO_LARGE,
  empty_file: "This file is empty.",
  no_frames: "This file holds no sound.",
  storage_full: "There is no room for it on this device. Free some space, then try again.",
  storage_failed: "The browser could not keep it. Try again, or reload the page.",
  log_in_use: "Another tab has the recordings. Drop it there, or close that tab and try again.",
  insecure_page: "Browsers let a page keep files only over https, or on the machine itself.",
  signed_out: "You are signed out. Open the sign-in link again.",
};

/** Why a file was not taken into the log. */
export function importFailure(error: unknown): string {
  if (!isHoldfastError(error)) return "The file could not be read.";
  const known = BY_CODE[error.code];
  if (known !== undefined) return known;
  if (error.class === "permanent_input")
    return `This name is not one of a device's recording: ${error.message}.`.replace(/\.\.$/, ".");
  return "The browser could not keep it. Try again, or reload the page.";
}

/** Why a file that the log has did not become a conversation, and will not by itself. */
export function uploadFailure(why: string | null): string {
  if (why === null) return "The sound could not be transcribed.";
  return BY_CODE[why] ?? `It did not work: ${whyWords(why)}.`;
}

/** What an upload waits for; ends without a full stop. */
export function waitWords({ why, next }: Explanation): string {
  if (why !== null) {
    const words = whyWords(why);
    return words.charAt(0).toUpperCase() + words.slice(1);
  }
  return next === "sends_when_asked" ? "Waiting for you to press Sync" : "Next in line";
}

type JobNews = { readonly processedSegments: number; readonly totalSegments: number; readonly serverStatus: string };

export function jobWords(job: JobNews | undefined): string {
  if (job === undefined || job.serverStatus === "queued") return "Waiting for its turn";
  if (job.totalSegments > 0) return `Transcribing, part ${job.processedSegments} of ${job.totalSegments}`;
  return "Transcribing";
}

/** Share of a file that is being sent; null where more than it are on their way. */
export function sentShare({ progress }: SyncStatus): number | null {
  if (progress === null || progress.recordings.total !== 1) return null;
  return progress.bytes.sent / Math.max(1, progress.bytes.total);
}
