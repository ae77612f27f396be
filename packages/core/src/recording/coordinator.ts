/**
 * Who decides when a sync pass runs (reference client-sync 4.10), as a pure machine: one pass runs, at most one more waits, and
 * whatever else wakes it meanwhile is part of that one. So a storm of wakes costs at most one pass more than a single wake.
 *
 * | state             | wake                            | pass_done                                            |
 * |-------------------|---------------------------------|------------------------------------------------------|
 * | idle              | run it                          | -                                                    |
 * | running           | the weightier reason waits      | idle, or run what waited; a failure plans a new try  |
 *
 * Wakes that only say that there is something to do are part of the try that a failure plans, and do not come before it.
 *
 * Retries after a failed pass wait longer and longer (5, 10, 20, 60 s) with jitter; a clean pass begins anew.
 */

export type WakeReason =
  | "startup"
  | "foregrounded"
  | "connectivity_restored"
  | "device_connected"
  | "cooldown_elapsed"
  | "recording_sealed"
  | "user_retry"
  | "reconcile_due"
  | "retry_due";

export interface CoordinatorState {
  readonly running: WakeReason | null;
  readonly queued: WakeReason | null;
  /** Failed passes in a row. */
  readonly streak: number;
}

export type CoordinatorEvent =
  | { readonly type: "wake"; readonly reason: WakeReason }
  /** `failed`: something may be tried again soon. `limited`: a cooldown began, whose end is the next wake. */
  | { readonly type: "pass_done"; readonly outcome: "clean" | "failed" | "limited" };

export interface CoordinatorStep {
  readonly state: CoordinatorState;
  /** A pass to begin now. */
  readonly run: WakeReason | null;
  /** Plan a `retry_due` wake so long from now; null leaves no such plan. */
  readonly retryInMs: number | null;
}

export const IDLE: CoordinatorState = { running: null, queued: null, streak: 0 };

const RETRY_MS = [5_000, 10_000, 20_000, 60_000] as const;

export function stepCoordinator(state: CoordinatorState, event: CoordinatorEvent, random: number): CoordinatorStep {
  switch (event.type) {
    case "wake": {
      const { reason } = event;
      if (state.running === null) return { state: { ...state, running: reason }, run: reason, retryInMs: null };
      return { state: { ...state, queued: weightier(state.queued, reason) }, run: null, retryInMs: null };
    }
    case "pass_done": {
      if (state.running === null) return { state, run: null, retryInMs: null };
      const streak = event.outcome === "failed" ? state.streak + 1 : event.outcome === "clean" ? 0 : state.streak;
      // A failure plans its own try, which does what these would: it must not be undercut by them.
      const isCovered = event.outcome === "failed" && state.queued !== null && isIdleWake(state.queued);
      const queued = isCovered ? null : state.queued;
      if (queued !== null) return { state: { running: queued, queued: null, streak }, run: queued, retryInMs: null };
      const retryInMs = event.outcome === "failed" ? retryMs(streak, random) : null;
      return { state: { running: null, queued: null, streak }, run: null, retryInMs };
    }
    default:
      return event satisfies never;
  }
}

/** Half of the delay is certain, the other half is drawn, so that many clients do not come back together (D34). */
function retryMs(streak: number, random: number): number {
  const nominal = RETRY_MS[Math.min(streak - 1, RETRY_MS.length - 1)] ?? RETRY_MS[0];
  return Math.round(nominal * (0.5 + 0.5 * random));
}

/** It only says that there is something to do: nothing became better by it. */
export function isIdleWake(reason: WakeReason): boolean {
  return reason === "recording_sealed" || reason === "reconcile_due" || reason === "retry_due";
}

/** A person's wish goes before a machine's; of two alike, the first stays. */
function weightier(waiting: WakeReason | null, next: WakeReason): WakeReason {
  return waiting === null || weight(next) > weight(waiting) ? next : waiting;
}

function weight(reason: WakeReason): number {
  switch (reason) {
    case "user_retry":
      return 3;
    case "foregrounded":
    case "device_connected":
      return 2;
    case "startup":
    case "connectivity_restored":
    case "cooldown_elapsed":
      return 1;
    case "recording_sealed":
    case "reconcile_due":
    case "retry_due":
      return 0;
    default:
      return reason satisfies never;
  }
}
