/**
 * Omi's shapes of an error (reference offline-sync 3.4 and 11). On the upload route 400 and 413 mean "this can never work",
 * so a full disk or a database that is away must be a 503 with `Retry-After`, a code and a reason header, and a client then
 * keeps its recording.
 */
import type { HoldfastError } from "@holdfast/contract";
import { statusOf } from "./error-status.ts";

/** Refusals of these recordings for good, which are not the fault of the request's shape. */
const UNPROCESSABLE = ["backfill_lookback_exceeded", "capture_manifest_mismatch"];

export function omiStatus(error: HoldfastError, isSync: boolean): number {
  // One part above the limit is a 400 that names the limit (offline-sync 2.4).
  if (isSync && error.code === "part_too_large") return 400;
  return UNPROCESSABLE.includes(error.code) ? 422 : statusOf(error);
}

export function omiBody(error: HoldfastError, isSync: boolean): object {
  switch (error.code) {
    case "files_missing":
      return { detail: [{ loc: ["body", "files"], msg: "Field required", type: "missing" }] };
    case "multipart_malformed":
      return { detail: [{ loc: ["body"], msg: error.message, type: "multipart_malformed" }] };
    case "json_invalid":
      return { detail: [{ loc: ["body"], msg: error.message, type: "json_invalid" }] };
    case "backfill_lookback_exceeded":
      return { code: error.code, detail: error.message, lane: "backfill" };
    case "capture_manifest_mismatch":
    case "webhook_address_invalid":
    case "webhook_address_password":
    case "webhook_address_private":
    case "webhook_host_unknown":
    case "webhook_seconds_invalid":
      return { code: error.code, detail: error.message };
    default: {
      const code = isSync ? syncCode(error) : undefined;
      return code === undefined ? { detail: error.message } : { code, detail: error.message };
    }
  }
}

export function omiHeaders(error: HoldfastError, isSync: boolean): Record<string, string> {
  const headers: Record<string, string> = {};
  const waitMs = error.retryAfterMs ?? (statusOf(error) === 503 ? 30_000 : undefined);
  if (waitMs !== undefined) headers["retry-after"] = String(Math.max(1, Math.ceil(waitMs / 1000)));
  if (isSync && error.class === "capacity") headers["x-omi-rate-limit-reason"] = "backfill_capacity";
  return headers;
}

function syncCode(error: HoldfastError): string | undefined {
  if (error.class === "capacity") return "backfill_capacity";
  if (error.code === "fair_use_restricted") return error.code;
  return error.class === "transport" ? "sync_dispatch_unavailable" : undefined;
}
