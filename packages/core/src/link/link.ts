/**
 * Whether one live session has a connection to a pusher, and when it tries again. The session itself never waits for it.
 *
 * | state                        | due             | opened    | failed                  | refused        | lost              |
 * |------------------------------|-----------------|-----------|-------------------------|----------------|-------------------|
 * | reconnect_backoff, first     | -               | connected | backoff 0, wait         | degraded, 60 s | -                 |
 * | reconnect_backoff, waiting   | connect         | -         | -                       | -              | -                 |
 * | reconnect_backoff, connecting| -               | connected | one attempt more (*)    | degraded, 60 s | -                 |
 * | connected                    | -               | -         | -                       | -              | backoff 0, wait   |
 * | degraded                     | half_open_probe | -         | -                       | -              | -                 |
 * | half_open_probe              | -               | connected | degraded, a fresh 60 s  | like failed    | -                 |
 *
 * (*) It waits min(1 s × 2^attempts, 60 s) ± 25 % before each attempt; the sixth failed attempt leads to `degraded`, with the
 * attempts forgotten. The first connect of a session is not an attempt: it is made without a wait, and its failure means
 * backoff, so that the first retry is a second away and not a minute (reference listen-and-pusher 8.4 E).
 *
 * Events: `due`, the time waited for is over; `opened`, `failed`, the connect that was asked for; `refused`, the circuit of the
 * process is open, so nothing was tried; `lost`, the connection ended, timed out, or a send on it failed. Where the table has
 * a dash, the event is late news of something that is over, and nothing changes.
 */
import { PUSHER } from "@holdfast/contract";
import { backoffMs } from "../backoff.ts";

export type LinkState =
  | { readonly name: "connected" }
  | {
      readonly name: "reconnect_backoff";
      readonly doing: "first_connect" | "waiting" | "connecting";
      /** Failed attempts of this backoff so far. */
      readonly attempts: number;
    }
  | { readonly name: "degraded" }
  | { readonly name: "half_open_probe" };

export type LinkStateName = LinkState["name"];

export const LINK_STATES: readonly LinkStateName[] = ["connected", "reconnect_backoff", "degraded", "half_open_probe"];

export type LinkEvent = "due" | "opened" | "failed" | "refused" | "lost";

/** What the shell does next, in this order. */
export type LinkEffect =
  | { readonly type: "connect" }
  /** Say `due` after this time. */
  | { readonly type: "wait"; readonly ms: number }
  /** The connection is new: announce the conversation and send again what nobody has answered. */
  | { readonly type: "announce" }
  /** Let go of the socket; nothing that it still says counts. */
  | { readonly type: "drop" };

export interface LinkStep {
  readonly state: LinkState;
  readonly effects: readonly LinkEffect[];
}

const BACKOFF = { baseMs: PUSHER.reconnectBaseMs, capMs: PUSHER.reconnectCapMs, jitter: PUSHER.reconnectJitter };

export function startLink(): LinkStep {
  return { state: { name: "reconnect_backoff", doing: "first_connect", attempts: 0 }, effects: [{ type: "connect" }] };
}

/** `random` is uniform in [0, 1) and only spreads the waiting time. A step that changes nothing returns the same state. */
export function stepLink(state: LinkState, event: LinkEvent, random: number): LinkStep {
  switch (state.name) {
    case "connected":
      if (event !== "lost") return unchanged(state);
      return prepend({ type: "drop" }, backOff(0, random));
    case "reconnect_backoff":
      return stepBackoff(state, event, random);
    case "degraded":
      if (event !== "due") return unchanged(state);
      return { state: { name: "half_open_probe" }, effects: [{ type: "connect" }] };
    case "half_open_probe":
      if (event === "opened") return connected();
      return event === "failed" || event === "refused" ? degrade() : unchanged(state);
    default:
      return state satisfies never;
  }
}

function stepBackoff(
  state: Extract<LinkState, { name: "reconnect_backoff" }>,
  event: LinkEvent,
  random: number,
): LinkStep {
  if (state.doing === "waiting") {
    return event === "due"
      ? { state: { ...state, doing: "connecting" }, effects: [{ type: "connect" }] }
      : unchanged(state);
  }
  if (event === "opened") return connected();
  if (event === "refused") return degrade();
  if (event !== "failed") return unchanged(state);
  const attempts = state.doing === "first_connect" ? 0 : state.attempts + 1;
  return attempts >= PUSHER.reconnectAttempts ? degrade() : backOff(attempts, random);
}

function connected(): LinkStep {
  return { state: { name: "connected" }, effects: [{ type: "announce" }] };
}

function backOff(attempts: number, random: number): LinkStep {
  return {
    state: { name: "reconnect_backoff", doing: "waiting", attempts },
    effects: [{ type: "wait", ms: backoffMs(attempts, random, BACKOFF) }],
  };
}

function degrade(): LinkStep {
  return { state: { name: "degraded" }, effects: [{ type: "wait", ms: PUSHER.degradedMs }] };
}

function unchanged(state: LinkState): LinkStep {
  return { state, effects: [] };
}

function prepend(effect: LinkEffect, step: LinkStep): LinkStep {
  return { state: step.state, effects: [effect, ...step.effects] };
}
