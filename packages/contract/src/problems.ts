/**
 * Problems of our own routes on the wire, RFC 9457 (`application/problem+json`), from one table. Omi routes keep Omi's
 * `{"detail": …}` shape; both are made from the same HoldfastError by the server.
 */
import type { FailureClass, FailureScope, HoldfastError } from "./errors.ts";

export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  readonly class: FailureClass;
  readonly scope: FailureScope;
  readonly retry_after_ms: number | null;
  readonly counts_as_attempt: boolean;
}

const STATUS_OF_CLASS: Readonly<Record<FailureClass, number>> = {
  content: 422,
  permanent_input: 400,
  throttle: 429,
  capacity: 503,
  transport: 503,
  auth: 401,
};

/** Codes whose status differs from that of their class. */
const STATUS_OF_CODE: Readonly<Record<string, number>> = {
  not_found: 404,
  conversation_not_found: 404,
  job_not_found: 404,
  forbidden: 403,
  job_forbidden: 403,
  locked: 402,
  payload_too_large: 413,
  too_many_files: 413,
  batch_too_large: 413,
  validation_failed: 422,
  conflict: 409,
  internal: 500,
};

export function httpStatusOf(error: HoldfastError): number {
  return STATUS_OF_CODE[error.code] ?? STATUS_OF_CLASS[error.class];
}

export function problemOf(error: HoldfastError): Problem {
  return {
    type: `https://holdfast.invalid/problems/${error.code}`,
    title: error.code.replaceAll("_", " "),
    status: httpStatusOf(error),
    detail: error.message,
    code: error.code,
    class: error.class,
    scope: error.scope,
    retry_after_ms: error.retryAfterMs ?? null,
    counts_as_attempt: error.class === "content",
  };
}
