/** The HTTP status of an error: the contract's table, and the codes that only the gateway uses. */
import { type HoldfastError, httpStatusOf } from "@holdfast/contract";

const STATUS_OF_CODE: Readonly<Record<string, number>> = {
  unsupported_audio: 415,
  unsupported_media_type: 415,
  route_not_found: 404,
  multipart_malformed: 422,
  files_missing: 422,
  json_invalid: 422,
  capture_already_claimed: 409,
  backfill_lookback_exceeded: 422,
  tus_version: 412,
  tus_content_type: 415,
  recording_session_not_found: 404,
  upload_not_found: 404,
  upload_expired: 410,
  upload_offset_conflict: 409,
  checksum_mismatch: 460,
  owner_only: 403,
  set_in_environment: 409,
  address_invalid: 422,
  webhook_address_invalid: 422,
  webhook_address_password: 422,
  webhook_address_private: 422,
  webhook_host_unknown: 422,
  webhook_seconds_invalid: 422,
  engine_not_found: 404,
  token_not_found: 404,
  too_many_tokens: 409,
  job_not_retryable: 409,
  job_awaiting_repair: 409,
  job_superseded: 409,
};

export function statusOf(error: HoldfastError): number {
  return STATUS_OF_CODE[error.code] ?? httpStatusOf(error);
}
