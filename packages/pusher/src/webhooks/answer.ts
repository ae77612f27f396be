/**
 * What an answer of a receiver means for the message: any 2xx took it; 429 and 503 ask for time; 408 and every other 5xx are
 * trouble of the moment; everything else (also a redirect, which is never followed) says that this message is not wanted as
 * it is, and sending it again would not change that.
 */
import type { FailureClass } from "@holdfast/contract";

export type SendOutcome =
  | { readonly outcome: "delivered"; readonly status: number }
  | {
      readonly outcome: "failed";
      readonly class: FailureClass;
      readonly code: string;
      readonly status: number | null;
      readonly retryAfterMs: number | undefined;
    };

const LONGEST_WAIT_MS = 3_600_000;

export function outcomeOf(status: number, retryAfter: string | undefined): SendOutcome {
  if (status >= 200 && status < 300) return { outcome: "delivered", status };
  const retryAfterMs = waitOf(retryAfter);
  const failed = (failureClass: FailureClass, code: string): SendOutcome => ({
    outcome: "failed",
    class: failureClass,
    code,
    status,
    retryAfterMs,
  });
  if (status === 429) return failed("throttle", "webhook_throttled");
  if (status === 503) return failed("capacity", "webhook_unavailable");
  if (status === 408 || status >= 500) return failed("transport", "webhook_failed");
  if (status >= 300 && status < 400) return failed("permanent_input", "webhook_redirected");
  return failed("permanent_input", "webhook_refused");
}

/** Seconds only; a date depends on two clocks. */
function waitOf(retryAfter: string | undefined): number | undefined {
  return retryAfter !== undefined && /^\d{1,9}$/.test(retryAfter)
    ? Math.min(Number(retryAfter) * 1000, LONGEST_WAIT_MS)
    : undefined;
}
