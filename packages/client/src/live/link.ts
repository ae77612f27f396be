/**
 * The life of the live link as a pure machine. It is either on its way to an open connection, open, or waiting for the next
 * try; only `stop` and a failure that no new try can mend end it. Every state but `idle` and `ended` has one deadline.
 *
 * | state      | start | opened | heard   | progress   | lost                | deadline           | stop  |
 * |------------|-------|--------|---------|------------|---------------------|--------------------|-------|
 * | idle       | connecting | - | -       | -          | -                   | -                  | ended |
 * | connecting | -     | open   | -       | -          | waiting or ended    | waiting            | ended |
 * | open       | -     | -      | open(*) | open(**)   | waiting or ended    | waiting            | ended |
 * | waiting    | -     | -      | -       | -          | -                   | connecting         | ended |
 * | ended      | -     | -      | -       | -          | -                   | -                  | -     |
 *
 * (*) The deadline starts anew: a server that says nothing for `silenceMs` is taken for dead, since it pings every 10 s.
 * (**) Only an acknowledgement resets the count of failures. A server that accepts and then closes, again and again, must
 * meet longer and longer waits. Waits are doubled up to a cap with full jitter; a server's own wish is the floor.
 */
import type { HoldfastError } from "@holdfast/contract";
import { backoffMs } from "@holdfast/core";

export type LinkState =
  | { readonly name: "idle" }
  | { readonly name: "connecting"; readonly failures: number }
  | { readonly name: "open"; readonly failures: number }
  | {
      readonly name: "waiting";
      readonly failures: number;
      readonly waitMs: number;
      readonly error: HoldfastError | null;
    }
  /** `error` is null after a wanted end. */
  | { readonly name: "ended"; readonly error: HoldfastError | null };

export type LinkEvent =
  | { readonly type: "start" }
  | { readonly type: "opened" }
  | { readonly type: "heard" }
  | { readonly type: "progress" }
  | { readonly type: "lost"; readonly error: HoldfastError; readonly fatal: boolean }
  | { readonly type: "deadline" }
  | { readonly type: "stop" };

export interface LinkTimes {
  readonly connectMs: number;
  readonly silenceMs: number;
  readonly retryBaseMs: number;
  readonly retryCapMs: number;
}

export const LINK_TIMES: LinkTimes = { connectMs: 15_000, silenceMs: 25_000, retryBaseMs: 500, retryCapMs: 15_000 };

/** Jitter may come out at nothing, and then a refusing server would be asked without end. */
const MIN_WAIT_MS = 50;
/** A server's `Retry-After` is honoured up to here. */
const MAX_RETRY_AFTER_MS = 3_600_000;

export interface LinkStep {
  readonly state: LinkState;
  /** A new deadline in milliseconds from now; null where there is none; "keep" leaves the running one alone. */
  readonly deadline: number | null | "keep";
  readonly act: "none" | "connect" | "disconnect";
}

export function stepLink(state: LinkState, event: LinkEvent, random: number, times: LinkTimes = LINK_TIMES): LinkStep {
  const stay: LinkStep = { state, deadline: "keep", act: "none" };
  if (state.name === "ended") return stay;
  if (event.type === "stop") {
    return { state: { name: "ended", error: null }, deadline: null, act: "disconnect" };
  }
  switch (state.name) {
    case "idle":
      return event.type === "start" ? connect(0, times) : stay;
    case "waiting":
      return event.type === "deadline" ? connect(state.failures, times) : stay;
    case "connecting":
      if (event.type === "opened") {
        return { state: { name: "open", failures: state.failures }, deadline: times.silenceMs, act: "none" };
      }
      return failed(state.failures, event, random, times) ?? stay;
    case "open":
      if (event.type === "heard") return { state, deadline: times.silenceMs, act: "none" };
      if (event.type === "progress") return { ...stay, state: { name: "open", failures: 0 } };
      return failed(state.failures, event, random, times) ?? stay;
    default:
      return state satisfies never;
  }
}

function connect(failures: number, times: LinkTimes): LinkStep {
  return { state: { name: "connecting", failures }, deadline: times.connectMs, act: "connect" };
}

function failed(failures: number, event: LinkEvent, random: number, times: LinkTimes): LinkStep | undefined {
  if (event.type !== "lost" && event.type !== "deadline") return undefined;
  const error = event.type === "lost" ? event.error : null;
  if (event.type === "lost" && event.fatal) {
    return { state: { name: "ended", error }, deadline: null, act: "disconnect" };
  }
  const nominal = backoffMs(failures, random, { baseMs: times.retryBaseMs, capMs: times.retryCapMs, jitter: 0 });
  const wished = Math.min(error?.retryAfterMs ?? 0, MAX_RETRY_AFTER_MS);
  const waitMs = Math.max(Math.round(nominal * random), wished, MIN_WAIT_MS);
  return { state: { name: "waiting", failures: failures + 1, waitMs, error }, deadline: waitMs, act: "disconnect" };
}
