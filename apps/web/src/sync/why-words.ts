/**
 * Codes of refusals, failures and pauses as the part of a sentence after "because". A code that is not known is shown as it is,
 * never hidden, and nothing is decided on the words of a server (law L4).
 */
const WHY: Readonly<Record<string, string>> = {
  offline: "there is no internet connection",
  signed_out: "you are signed out",
  fair_use: "the upload limit of your account is reached",
  backend_busy: "the server is busy",
  unreachable: "the server can't be reached",
  timeout: "the server did not answer in time",
  connection_lost: "the connection broke",
  aborted: "it was given up",
  bad_answer: "something other than Holdfast answered",
  job_id_missing: "something other than Holdfast answered",
  unavailable: "the server is busy",
  http_503: "the server is busy",
  storage_full: "the server's disk is full",
  database_unavailable: "the server's database is away",
  sync_content_in_progress: "the server already works on the same sound",
  failed_segments: "parts of it could not be transcribed",
  job_overdue: "the server said nothing of it for a day",
  transcript_gap: "its words are missing in the transcript",
  file_missing: "its sound is gone from this device",
  backfill_lookback_exceeded: "the server takes nothing as old as this",
  sync_worker_stale: "the server stopped in the middle of it",
  sync_dispatch_lost: "the server lost sight of it",
  backfill_paced: "the server takes old recordings one after the other",
  backfill_capacity: "the server has no room for old recordings now",
  sync_transcription_budget_exhausted: "the server had no time left for it",
  unsupported_audio: "it is not a sound file Holdfast can read",
  unsupported_media_type: "it is not a sound file Holdfast can read",
  http_415: "it is not a sound file Holdfast can read",
  sync_unsupported_audio: "it is not a sound file Holdfast can read",
  sync_invalid_audio: "nothing in it could be read as sound",
  sync_decode_failed: "nothing in it could be read as sound",
  sync_audio_too_long: "it is too long for one file",
  sync_staged_audio_expired: "the server no longer has the file",
  stt_invalid_input: "the speech engine does not take this sound",
  stt_upstream_error: "the speech engine failed on it",
  payload_too_large: "it is larger than the server takes",
  http_413: "it is larger than the server takes",
  job_not_found: "the server no longer knows it",
  job_http_404: "the server no longer knows it",
  job_http_403: "the server no longer knows it",
};

export function whyWords(code: string): string {
  const known = WHY[code];
  if (known !== undefined) return known;
  const status = /^http_(\d+)$/.exec(code)?.[1];
  if (status === undefined) return `the server said “${code.replaceAll("_", " ")}”`;
  return Number(status) >= 500 ? `the server has a fault (${status})` : `the server answered ${status}`;
}
