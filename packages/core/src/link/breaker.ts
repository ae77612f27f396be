/**
 * The circuit that all links of one gateway share: when a pusher refuses many sessions, the others need not find out one by
 * one, and a pusher that comes back is asked by one session and not by all (reference listen-and-pusher 5.6).
 *
 * | state     | ask                                     | success | failure                           | cancel            |
 * |-----------|-----------------------------------------|---------|-----------------------------------|-------------------|
 * | closed    | go                                      | closed, failures forgotten | counted; the 20th within 30 s: open for 60 s | - |
 * | open      | refuse; after its 60 s: half_open, probe| closed  | - (*)                             | - (*)             |
 * | half_open | probe, if none is under way; else refuse| closed  | of the probe: open, a fresh 60 s (*) | of the probe: free for the next |
 *
 * (*) What was asked before the circuit opened may fail later; only the probe's own fate moves an open circuit again. Every
 * permit ends in exactly one of success, failure and cancel; `cancel` says that the session ended while it was connecting,
 * which is neither (defect 8.4 B). It starts closed. It is kept across restarts: a pause survives them (law L9).
 */
import { PUSHER } from "@holdfast/contract";

export type BreakerState =
  /** Times of the failures in the window, oldest first. */
  | { readonly name: "closed"; readonly failuresMs: readonly number[] }
  | { readonly name: "open"; readonly untilMs: number }
  | { readonly name: "half_open"; readonly probing: boolean };

export const BREAKER_STATES: readonly BreakerState["name"][] = ["closed", "open", "half_open"];

/** What one connect may do: it is the probe, or one of many. */
export type BreakerPermit = "go" | "probe";

export type BreakerEvent =
  | { readonly type: "ask" }
  | { readonly type: "success"; readonly permit: BreakerPermit }
  | { readonly type: "failure"; readonly permit: BreakerPermit }
  | { readonly type: "cancel"; readonly permit: BreakerPermit };

export interface BreakerStep {
  readonly state: BreakerState;
  /** The answer to `ask`; undefined for every other event. */
  readonly answer?: BreakerPermit | "refuse";
}

export const BREAKER_CLOSED: BreakerState = { name: "closed", failuresMs: [] };

export function stepBreaker(state: BreakerState, event: BreakerEvent, nowMs: number): BreakerStep {
  switch (event.type) {
    case "ask":
      return ask(state, nowMs);
    case "success":
      return { state: BREAKER_CLOSED };
    case "failure":
      return { state: fail(state, event.permit, nowMs) };
    case "cancel":
      if (state.name !== "half_open" || event.permit !== "probe") return { state };
      return { state: { name: "half_open", probing: false } };
    default:
      return event satisfies never;
  }
}

function ask(state: BreakerState, nowMs: number): BreakerStep {
  switch (state.name) {
    case "closed":
      return { state, answer: "go" };
    case "open":
      // A clock that was set back must not keep the circuit open for longer than it may be.
      if (nowMs < state.untilMs) return { state: clamped(state.untilMs, nowMs), answer: "refuse" };
      return { state: { name: "half_open", probing: true }, answer: "probe" };
    case "half_open":
      if (state.probing) return { state, answer: "refuse" };
      return { state: { name: "half_open", probing: true }, answer: "probe" };
    default:
      return state satisfies never;
  }
}

function fail(state: BreakerState, permit: BreakerPermit, nowMs: number): BreakerState {
  switch (state.name) {
    case "closed": {
      const within = state.failuresMs.filter((ms) => ms <= nowMs && nowMs - ms < PUSHER.breakerWindowMs);
      const failuresMs = [...within, nowMs];
      return failuresMs.length >= PUSHER.breakerFailures ? opened(nowMs) : { name: "closed", failuresMs };
    }
    case "open":
      return state;
    case "half_open":
      return permit === "probe" ? opened(nowMs) : state;
    default:
      return state satisfies never;
  }
}

function opened(nowMs: number): BreakerState {
  return { name: "open", untilMs: nowMs + PUSHER.breakerOpenMs };
}

function clamped(untilMs: number, nowMs: number): BreakerState {
  return { name: "open", untilMs: Math.min(untilMs, nowMs + PUSHER.breakerOpenMs) };
}

/** What to keep across a restart: plain JSON. A probe dies with its process, so it is not kept. */
export function snapshotBreaker(state: BreakerState): object {
  if (state.name === "half_open") return { name: "half_open" };
  return state.name === "open" ? { name: "open", untilMs: state.untilMs } : { name: "closed" };
}

/** Reads what was kept; anything else than a snapshot is a closed circuit. A deadline too far ahead is brought near. */
export function restoreBreaker(kept: unknown, nowMs: number): BreakerState {
  if (typeof kept !== "object" || kept === null || !("name" in kept)) return BREAKER_CLOSED;
  if (kept.name === "half_open") return { name: "half_open", probing: false };
  if (kept.name !== "open" || !("untilMs" in kept)) return BREAKER_CLOSED;
  const { untilMs } = kept;
  return typeof untilMs === "number" && Number.isFinite(untilMs) ? clamped(untilMs, nowMs) : BREAKER_CLOSED;
}
