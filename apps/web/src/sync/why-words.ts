/**
 * Codes of refusals, failures and pauses as a sentence. A code that is not known is shown as it is, never hidden, and nothing is
 * decided on the words of a server (law L4).
 */
import { type Message, type MessageId, message } from "../i18n/message.ts";

const WHY: Readonly<Record<string, MessageId>> = {
  offline: "why.offline",
  signed_out: "why.signed_out",
  fair_use: "why.fair_use",
  backend_busy: "why.busy",
  unreachable: "why.unreachable",
  timeout: "why.timeout",
  connection_lost: "why.connection_lost",
  aborted: "why.aborted",
  bad_answer: "why.not_holdfast",
  job_id_missing: "why.not_holdfast",
  unavailable: "why.busy",
  http_503: "why.busy",
  storage_full: "why.storage_full",
  database_unavailable: "why.database_unavailable",
  sync_content_in_progress: "why.same_sound",
  failed_segments: "why.failed_segments",
  job_overdue: "why.job_overdue",
  transcript_gap: "why.transcript_gap",
  file_missing: "why.file_missing",
  backfill_lookback_exceeded: "why.too_old",
  sync_worker_stale: "why.worker_stale",
  sync_dispatch_lost: "why.dispatch_lost",
  backfill_paced: "why.backfill_paced",
  backfill_capacity: "why.backfill_capacity",
  sync_transcription_budget_exhausted: "why.budget_exhausted",
  unsupported_audio: "why.not_sound",
  unsupported_media_type: "why.not_sound",
  http_415: "why.not_sound",
  sync_unsupported_audio: "why.not_sound",
  sync_invalid_audio: "why.no_sound",
  sync_decode_failed: "why.no_sound",
  sync_audio_too_long: "why.too_long",
  sync_staged_audio_expired: "why.file_expired",
  stt_invalid_input: "why.stt_invalid_input",
  stt_upstream_error: "why.stt_upstream_error",
  payload_too_large: "why.too_large",
  http_413: "why.too_large",
  job_not_found: "why.forgotten",
  job_http_404: "why.forgotten",
  job_http_403: "why.forgotten",
};

export function whyWords(code: string): Message {
  const known = WHY[code];
  if (known !== undefined) return message(known);
  const status = /^http_(\d+)$/.exec(code)?.[1];
  if (status === undefined) return message("why.unknown", { code: code.replaceAll("_", " ") });
  return message(Number(status) >= 500 ? "why.server_fault" : "why.server_answered", { status });
}
