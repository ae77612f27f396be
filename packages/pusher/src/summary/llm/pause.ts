/**
 * Keeps a language model that is down from holding up every conversation for a whole timeout: after two failures in a row that
 * are the server's, requests pause, for longer each time, and cost nothing meanwhile (law L9). One request is let through
 * when the pause is over; its success ends the matter. Pure: the caller brings the time.
 */

export interface PauseState {
  readonly failures: number;
  /** Unix milliseconds; requests before it are refused. */
  readonly untilMs: number;
}

export const noPause: PauseState = { failures: 0, untilMs: 0 };

const TOLERATED = 1;
const BASE_MS = 15_000;
const CAP_MS = 300_000;

export function isPaused(state: PauseState, nowMs: number): boolean {
  return nowMs < state.untilMs;
}

/** `retryAfterMs` is what the server asked for; it is believed up to the cap. */
export function afterFailure(state: PauseState, nowMs: number, retryAfterMs?: number): PauseState {
  const failures = state.failures + 1;
  const asked = Math.min(retryAfterMs ?? 0, CAP_MS);
  const own = failures <= TOLERATED ? 0 : Math.min(BASE_MS * 2 ** Math.min(failures - TOLERATED - 1, 10), CAP_MS);
  return { failures, untilMs: Math.max(state.untilMs, nowMs + Math.max(asked, own)) };
}
