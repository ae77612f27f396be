/**
 * Whether one live session has a connection to a pusher, and when it tries again. The session itself never waits for it.
 *
 * | state                        | due                | opened         | failed                 | refused        | lost              | acked    |
 * |------------------------------|--------------------|----------------|------------------------|----------------|-------------------|----------|
 * | reconnect_backoff, first     | -                  | connected (**) | backoff 0, wait        | degraded, 60 s | -                 | -        |
 * | reconnect_backoff, waiting   | connect            | -              | -                      | -              | -                 | -        |
 * | reconnect_backoff, connecting| -                  | connected (**) | one attempt more (*)   | degraded, 60 s | -                 | -        |
 * | either of them, open         | connected, v1 or withheld | -       | -                      | -              | drop, like failed | connected, v2 |
 * | connected                    | -                  | -              | -                      | -              | backoff 0, wait   | v2       |
 * | degraded                     | half_open_probe    | -              | -                      | -              | -                 | -        |
 * | half_open_probe              | -                  | connected (**) | degraded, a fresh 60 s | like failed    | -                 | -        |
 * | half_open_probe, open        | connected, v1 or withheld | -       | -                      | -              | drop, like failed | connected, v2 |
 *
 * (*) It waits min(1 s × 2^attempts, 60 s) ± 25 % before each attempt; the sixth failed attempt leads to `degraded`, with the
 * attempts forgotten. The first connect of a session is not an attempt: it is made without a wait, and its failure means
 * backoff, so that the first retry is a second away and not a minute (reference listen-and-pusher 8.4 E).
 *
 * (**) Where the audio timeline is asked for, the state stays and is `open`: the socket is there, and for up to 4 s the pusher may
 * say (opcode 202) that it keeps sound to the time it is given (reference 5.3). One that never did in this session gets sound as
 * before (`v1`). One that did, on an earlier connection, and is silent now gets none: its sound would be filed under wrong times,
 * so it is withheld, and is a gap. Words and process requests flow all the same. An answer that comes late counts from then on.
 * Where the timeline is not asked for, sound is `v1`, and `acked` changes nothing.
 *
 * Events: `due`, the time waited for is over; `opened`, `failed`, the connect that was asked for; `refused`, the circuit of the
 * process is open, so nothing was tried; `lost`, the connection ended, timed out, or a send on it failed; `acked`, the answer to
 * the timeline. Where the table has a dash, the event is late news of something that is over, and nothing changes.
 */
import { PUSHER } from "@holdfast/contract";
import { backoffMs } from "../backoff.ts";

/** `off`: not asked for. `acked`: some connection of this session had the answer. */
export type LinkTimeline = "off" | "asked" | "acked";

type Situation =
  | { readonly name: "connected"; readonly sound: "v1" | "v2" | "withheld" }
  | {
      readonly name: "reconnect_backoff";
      readonly doing: "first_connect" | "waiting" | "connecting";
      /** Failed attempts of this backoff so far. */
      readonly attempts: number;
      /** The socket is there, and its answer to the timeline is waited for; never while `waiting`. */
      readonly open: boolean;
    }
  | { readonly name: "degraded" }
  | { readonly name: "half_open_probe"; readonly open: boolean };

export type LinkState = Situation & { readonly timeline: LinkTimeline };

export type LinkStateName = LinkState["name"];

export const LINK_STATES: readonly LinkStateName[] = ["connected", "reconnect_backoff", "degraded", "half_open_probe"];

export type LinkEvent = "due" | "opened" | "failed" | "refused" | "lost" | "acked";

/** What the shell does next, in this order. */
export type LinkEffect =
  | { readonly type: "connect" }
  /** Say `due` after this time, in place of a wait that was set before. */
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

export function startLink(timeline: "off" | "asked" = "off"): LinkStep {
  const state = { name: "reconnect_backoff", doing: "first_connect", attempts: 0, open: false, timeline } as const;
  return { state, effects: [{ type: "connect" }] };
}

/** `random` is uniform in [0, 1) and only spreads the waiting time. A step that changes nothing returns the same state. */
export function stepLink(state: LinkState, event: LinkEvent, random: number): LinkStep {
  switch (state.name) {
    case "connected":
      if (event === "lost") return dropped(backOff(0, random, state.timeline));
      if (event !== "acked" || state.timeline === "off" || state.sound === "v2") return unchanged(state);
      return { state: { ...state, sound: "v2", timeline: "acked" }, effects: [] };
    case "reconnect_backoff":
      if (state.doing === "waiting") return event === "due" ? connecting(state) : unchanged(state);
      return stepConnect(state, event, () => failedAttempt(state, random));
    case "degraded":
      if (event !== "due") return unchanged(state);
      return {
        state: { name: "half_open_probe", open: false, timeline: state.timeline },
        effects: [{ type: "connect" }],
      };
    case "half_open_probe":
      return stepConnect(state, event, () => degrade(state.timeline));
    default:
      return state satisfies never;
  }
}

type Backoff = Extract<LinkState, { name: "reconnect_backoff" }>;
type Connecting = Backoff | Extract<LinkState, { name: "half_open_probe" }>;

/** A connect that is under way; `fail` is what becomes of it where it fails. */
function stepConnect(state: Connecting, event: LinkEvent, fail: () => LinkStep): LinkStep {
  const { timeline } = state;
  if (state.open) {
    if (event === "lost") return dropped(fail());
    if (event === "acked") return connected("v2", "acked");
    return event === "due" ? connected(timeline === "acked" ? "withheld" : "v1", timeline) : unchanged(state);
  }
  if (event === "opened") {
    if (timeline === "off") return connected("v1", timeline);
    return { state: { ...state, open: true }, effects: [{ type: "wait", ms: PUSHER.timelineAckMs }] };
  }
  if (event === "refused") return degrade(timeline);
  return event === "failed" ? fail() : unchanged(state);
}

function connecting(state: Backoff): LinkStep {
  return { state: { ...state, doing: "connecting" }, effects: [{ type: "connect" }] };
}

function failedAttempt(state: Backoff, random: number): LinkStep {
  const attempts = state.doing === "first_connect" ? 0 : state.attempts + 1;
  return attempts >= PUSHER.reconnectAttempts ? degrade(state.timeline) : backOff(attempts, random, state.timeline);
}

function connected(sound: "v1" | "v2" | "withheld", timeline: LinkTimeline): LinkStep {
  return { state: { name: "connected", sound, timeline }, effects: [{ type: "announce" }] };
}

function backOff(attempts: number, random: number, timeline: LinkTimeline): LinkStep {
  return {
    state: { name: "reconnect_backoff", doing: "waiting", attempts, open: false, timeline },
    effects: [{ type: "wait", ms: backoffMs(attempts, random, BACKOFF) }],
  };
}

function degrade(timeline: LinkTimeline): LinkStep {
  return { state: { name: "degraded", timeline }, effects: [{ type: "wait", ms: PUSHER.degradedMs }] };
}

function unchanged(state: LinkState): LinkStep {
  return { state, effects: [] };
}

function dropped(step: LinkStep): LinkStep {
  return { state: step.state, effects: [{ type: "drop" }, ...step.effects] };
}
