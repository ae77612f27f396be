/** An error that ended a job's work as what is recorded of it; its class decides whether it costs an attempt (law L4). */
import { failureClassOf, isHoldfastError, messageOf } from "@holdfast/contract";
import { asDatabaseError, type JobFailure } from "@holdfast/store";

/** `otherwise`: the code of what has none of its own. */
export function jobFailureOf(error: unknown, otherwise: string): JobFailure {
  const known = asDatabaseError(error);
  const code = isHoldfastError(known) ? known.code : otherwise;
  return { class: failureClassOf(known), code, message: messageOf(known) };
}
