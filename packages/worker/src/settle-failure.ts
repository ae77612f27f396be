/**
 * What to do with an error that ended a job's work. Nothing is written where the job is not ours any more, or where the
 * database is the part that failed: the lease then runs out and the job is taken again. Everything else becomes a typed
 * failure, and its class decides whether it costs an attempt (law L4).
 */
import { failureClassOf, isHoldfastError, messageOf } from "@holdfast/contract";
import { isDatabaseUnavailable, type JobFailure } from "@holdfast/store";
import { LeaseLost } from "./lease-lost.ts";

/** The failure to record, or undefined where there is nothing to write. Rethrows an unreachable database. */
export function failureToRecord(error: unknown, signal: AbortSignal): JobFailure | undefined {
  if (signal.aborted || error instanceof LeaseLost) return undefined;
  if (isDatabaseUnavailable(error)) throw error;
  return {
    class: failureClassOf(error),
    code: isHoldfastError(error) ? error.code : "internal",
    message: messageOf(error),
    retryAfterMs: isHoldfastError(error) ? error.retryAfterMs : undefined,
  };
}
