/** HTTP statuses, close codes and network errors of engines as typed failures (law L4), in one place. */
import { HoldfastError, messageOf } from "@holdfast/contract";

/** An answer that is not 2xx, of either shape. */
export function statusFailure(
  engine: string,
  status: number,
  retryAfter: string | null | undefined,
  body = "",
): HoldfastError {
  const detail = body === "" ? "" : `: ${body.slice(0, 200)}`;
  const message = `speech engine ${engine} answered ${status}${detail}`;
  const wait = retryAfterMs(retryAfter);
  const timing = wait === undefined ? {} : { retryAfterMs: wait };
  if (status === 401 || status === 403) {
    return new HoldfastError(message, { code: "stt_unauthorized", class: "auth", scope: "service" });
  }
  if (status === 429) {
    return new HoldfastError(message, { code: "stt_throttled", class: "throttle", scope: "service", ...timing });
  }
  if (status === 503) {
    return new HoldfastError(message, { code: "stt_busy", class: "capacity", scope: "service", ...timing });
  }
  if (status >= 500 || status === 408) {
    return new HoldfastError(message, { code: "stt_failed", class: "transport", scope: "service", ...timing });
  }
  return new HoldfastError(message, { code: "stt_refused", class: "content" });
}

/** A stream that ended without having been asked to. 1008 is how Deepgram refuses the audio itself. */
export function closeFailure(engine: string, code: number, reason: string): HoldfastError {
  const message = `speech engine ${engine} closed the stream: ${code} ${reason}`.trimEnd();
  if (code === 1008 || code === 1003 || code === 1007) {
    return new HoldfastError(message, { code: "stt_refused", class: "content" });
  }
  if (code === 1013) return new HoldfastError(message, { code: "stt_busy", class: "capacity", scope: "service" });
  return new HoldfastError(message, { code: "stt_closed", class: "transport", scope: "service" });
}

/** No answer at all. */
export function networkFailure(engine: string, cause: unknown): HoldfastError {
  const reason = cause instanceof Error && cause.cause !== undefined ? messageOf(cause.cause) : messageOf(cause);
  return new HoldfastError(`speech engine ${engine} cannot be reached: ${reason}`, {
    code: "stt_unreachable",
    class: "transport",
    scope: "service",
    cause,
  });
}

export function timeoutFailure(engine: string, what: string): HoldfastError {
  return new HoldfastError(`speech engine ${engine} ${what}`, {
    code: "stt_timeout",
    class: "transport",
    scope: "service",
  });
}

/** `Retry-After` in seconds; the date form is not used by any engine and is passed over. */
function retryAfterMs(value: string | null | undefined): number | undefined {
  if (value === null || value === undefined || !/^\d{1,6}(\.\d+)?$/.test(value.trim())) return undefined;
  return Math.round(Number(value) * 1000);
}
