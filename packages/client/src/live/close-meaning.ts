/**
 * Why a live connection ended, as a typed failure (reference listen-and-pusher 2.1, 2.9 and 2.11). Codes and statuses decide,
 * never the words of a reason (law L4). A failure that is not retryable ends the session; the recording stays in its log.
 */
import { CLOSE, type FailureClass, HoldfastError } from "@holdfast/contract";
import type { CloseInfo } from "./socket.ts";

const MEANING_OF_CODE: Readonly<Record<number, readonly [code: string, failure: FailureClass]>> = {
  [CLOSE.unsupportedData]: ["audio_format_refused", "permanent_input"],
  [CLOSE.policy]: ["refused_by_server", "auth"],
  [CLOSE.refreshToken]: ["token_expired", "auth"],
  [CLOSE.byok]: ["provider_key_refused", "auth"],
  [CLOSE.loginAgain]: ["login_again", "auth"],
};

const MEANING_OF_STATUS: Readonly<Record<number, readonly [code: string, failure: FailureClass]>> = {
  400: ["refused_by_server", "permanent_input"],
  401: ["unauthorized", "auth"],
  403: ["forbidden", "auth"],
  404: ["not_found", "permanent_input"],
  429: ["too_many_requests", "throttle"],
  503: ["unavailable", "capacity"],
};

export function closeMeaning(info: CloseInfo): HoldfastError {
  const byStatus = info.httpStatus === undefined ? undefined : MEANING_OF_STATUS[info.httpStatus];
  const [code, failure] = byStatus ?? MEANING_OF_CODE[info.code] ?? ["connection_lost", "transport" as const];
  const shown = info.httpStatus === undefined ? `code ${info.code}` : `status ${info.httpStatus}`;
  return new HoldfastError(`the live connection ended (${shown}${info.reason === "" ? "" : `, ${info.reason}`})`, {
    code,
    class: failure,
    scope: failure === "auth" ? "account" : "service",
    ...(info.retryAfterMs === undefined ? {} : { retryAfterMs: info.retryAfterMs }),
  });
}
