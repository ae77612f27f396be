/**
 * What to do with an error that ended a job's work. Nothing is written where the job is not ours any more, or where the
 * database cannot be reached: the lease then runs out and the job is taken again. Everything else becomes a typed failure, and
 * its class decides whether it costs an attempt (law L4); also that of a database which answers that it has no room, or no
 * time: the job then says why it waits, and its lost lease is not counted against it.
 */
import { failureClassOf, isHoldfastError, messageOf } from "@holdfast/contract";
import { asDatabaseError, isDatabaseAnswer, isDatabaseUnavailable, type JobFailure } from "@holdfast/store";
import { LeaseLost } from "./lease-lost.ts";

/** The failure to record, or undefined where there is nothing to write. Rethrows an unreachable database. */
export function failureToRecord(error: unknown, signal: AbortSignal): JobFailure | undefined {
  if (signal.aborted || error instanceof LeaseLost) return undefined;
  if (isDatabaseUnavailable(error) && !isDatabaseAnswer(error)) throw error;
  const known = asDatabaseError(error);
  return {
    class: failureClassOf(known),
    code: isHoldfastError(known) ? known.code : "internal",
    message: messageOf(known),
    retryAfterMs: isHoldfastError(known) ? known.retryAfterMs : undefined,
  };
}
