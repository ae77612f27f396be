/** How a helper thread answers that it could not do what it was asked. */
import { type FailureClass, failureClassOf, isHoldfastError, messageOf } from "./errors.ts";

export interface ThreadFailure {
  readonly type: "error";
  readonly code: string;
  readonly class: FailureClass;
  readonly message: string;
}

/** What was thrown in a thread, as its answer; `code` where the error has none of its own. */
export function threadFailure(error: unknown, code: string): ThreadFailure {
  return {
    type: "error",
    code: isHoldfastError(error) ? error.code : code,
    class: failureClassOf(error),
    message: messageOf(error),
  };
}
