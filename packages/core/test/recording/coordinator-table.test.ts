/** The coordinator: every situation with every event, as a total table (a missing cell does not compile), and its delays. */
import {
  type CoordinatorEvent,
  type CoordinatorState,
  type CoordinatorStep,
  IDLE,
  stepCoordinator,
  type WakeReason,
} from "@holdfast/core";
import { describe, expect, it } from "vitest";

type Outcome = (CoordinatorEvent & { readonly type: "pass_done" })["outcome"];
type EventName = `wake: ${WakeReason}` | `pass done: ${Outcome}`;

type Situation =
  | "idle"
  | "idle after failures"
  | "running"
  | "running after failures"
  | "running, light waits"
  | "running, middle waits"
  | "running, user waits";

const SITUATIONS: Readonly<Record<Situation, CoordinatorState>> = {
  idle: IDLE,
  "idle after failures": { running: null, queued: null, streak: 2 },
  running: { running: "startup", queued: null, streak: 0 },
  "running after failures": { running: "retry_due", queued: null, streak: 2 },
  "running, light waits": { running: "startup", queued: "recording_sealed", streak: 1 },
  "running, middle waits": { running: "startup", queued: "device_connected", streak: 1 },
  "running, user waits": { running: "startup", queued: "user_retry", streak: 1 },
};

/** `run x`: a pass begins; `x waits`: behind the one that runs; `retry n`: a try is planned after n ms at the longest. */
type Expected =
  | "unchanged"
  | `run ${WakeReason}, streak ${number}`
  | `${WakeReason} waits`
  | `idle, streak ${number}`
  | `idle, streak ${number}, retry ${number}`;

const idle: Readonly<Record<EventName, Expected>> = {
  "wake: startup": "run startup, streak 0",
  "wake: foregrounded": "run foregrounded, streak 0",
  "wake: connectivity_restored": "run connectivity_restored, streak 0",
  "wake: device_connected": "run device_connected, streak 0",
  "wake: cooldown_elapsed": "run cooldown_elapsed, streak 0",
  "wake: recording_sealed": "run recording_sealed, streak 0",
  "wake: user_retry": "run user_retry, streak 0",
  "wake: reconcile_due": "run reconcile_due, streak 0",
  "wake: retry_due": "run retry_due, streak 0",
  "pass done: clean": "unchanged",
  "pass done: failed": "unchanged",
  "pass done: limited": "unchanged",
};

const running: Readonly<Record<EventName, Expected>> = {
  "wake: startup": "startup waits",
  "wake: foregrounded": "foregrounded waits",
  "wake: connectivity_restored": "connectivity_restored waits",
  "wake: device_connected": "device_connected waits",
  "wake: cooldown_elapsed": "cooldown_elapsed waits",
  "wake: recording_sealed": "recording_sealed waits",
  "wake: user_retry": "user_retry waits",
  "wake: reconcile_due": "reconcile_due waits",
  "wake: retry_due": "retry_due waits",
  "pass done: clean": "idle, streak 0",
  "pass done: failed": "idle, streak 1, retry 5000",
  "pass done: limited": "idle, streak 0",
};

const TABLE: Readonly<Record<Situation, Readonly<Record<EventName, Expected>>>> = {
  idle,
  "idle after failures": {
    "wake: startup": "run startup, streak 2",
    "wake: foregrounded": "run foregrounded, streak 2",
    "wake: connectivity_restored": "run connectivity_restored, streak 2",
    "wake: device_connected": "run device_connected, streak 2",
    "wake: cooldown_elapsed": "run cooldown_elapsed, streak 2",
    "wake: recording_sealed": "run recording_sealed, streak 2",
    "wake: user_retry": "run user_retry, streak 2",
    "wake: reconcile_due": "run reconcile_due, streak 2",
    "wake: retry_due": "run retry_due, streak 2",
    "pass done: clean": "unchanged",
    "pass done: failed": "unchanged",
    "pass done: limited": "unchanged",
  },
  running,
  "running after failures": {
    ...running,
    "pass done: failed": "idle, streak 3, retry 20000",
    "pass done: limited": "idle, streak 2",
  },
  "running, light waits": {
    "wake: startup": "startup waits",
    "wake: foregrounded": "foregrounded waits",
    "wake: connectivity_restored": "connectivity_restored waits",
    "wake: device_connected": "device_connected waits",
    "wake: cooldown_elapsed": "cooldown_elapsed waits",
    "wake: recording_sealed": "recording_sealed waits",
    "wake: user_retry": "user_retry waits",
    "wake: reconcile_due": "recording_sealed waits",
    "wake: retry_due": "recording_sealed waits",
    "pass done: clean": "run recording_sealed, streak 0",
    "pass done: failed": "idle, streak 2, retry 10000",
    "pass done: limited": "run recording_sealed, streak 1",
  },
  "running, middle waits": {
    "wake: startup": "device_connected waits",
    "wake: foregrounded": "device_connected waits",
    "wake: connectivity_restored": "device_connected waits",
    "wake: device_connected": "device_connected waits",
    "wake: cooldown_elapsed": "device_connected waits",
    "wake: recording_sealed": "device_connected waits",
    "wake: user_retry": "user_retry waits",
    "wake: reconcile_due": "device_connected waits",
    "wake: retry_due": "device_connected waits",
    "pass done: clean": "run device_connected, streak 0",
    "pass done: failed": "run device_connected, streak 2",
    "pass done: limited": "run device_connected, streak 1",
  },
  "running, user waits": {
    "wake: startup": "user_retry waits",
    "wake: foregrounded": "user_retry waits",
    "wake: connectivity_restored": "user_retry waits",
    "wake: device_connected": "user_retry waits",
    "wake: cooldown_elapsed": "user_retry waits",
    "wake: recording_sealed": "user_retry waits",
    "wake: user_retry": "user_retry waits",
    "wake: reconcile_due": "user_retry waits",
    "wake: retry_due": "user_retry waits",
    "pass done: clean": "run user_retry, streak 0",
    "pass done: failed": "run user_retry, streak 2",
    "pass done: limited": "run user_retry, streak 1",
  },
};

/** The name says it all. */
function eventOf(name: string): CoordinatorEvent {
  const [kind, detail] = name.split(": ");
  return kind === "wake"
    ? { type: "wake", reason: detail as WakeReason }
    : { type: "pass_done", outcome: detail as Outcome };
}

function said(before: CoordinatorState, { state, run, retryInMs }: CoordinatorStep): string {
  if (run !== null) {
    expect([state.running, state.queued, retryInMs]).toEqual([run, null, null]);
    return `run ${run}, streak ${state.streak}`;
  }
  if (state === before) return "unchanged";
  if (state.running !== null) {
    expect([state.running, state.streak, retryInMs]).toEqual([before.running, before.streak, null]);
    return `${state.queued} waits`;
  }
  expect(state.queued).toBeNull();
  return `idle, streak ${state.streak}${retryInMs === null ? "" : `, retry ${retryInMs}`}`;
}

/** Draws the whole delay. */
const LONGEST = 1;

describe("stepCoordinator", () => {
  for (const [situation, row] of Object.entries(TABLE)) {
    const before = SITUATIONS[situation as Situation];
    for (const [name, expected] of Object.entries(row)) {
      it(`${situation} + ${name} → ${expected}`, () => {
        expect(said(before, stepCoordinator(before, eventOf(name), LONGEST))).toBe(expected);
      });
    }
  }
});

describe("the delays after failed passes (reference client-sync 4.10.3)", () => {
  /** Delays of so many failed passes in a row. */
  function delays(count: number, random: number): (number | null)[] {
    const found: (number | null)[] = [];
    let state = IDLE;
    for (let pass = 0; pass < count; pass += 1) {
      ({ state } = stepCoordinator(state, { type: "wake", reason: "retry_due" }, random));
      const done = stepCoordinator(state, { type: "pass_done", outcome: "failed" }, random);
      found.push(done.retryInMs);
      ({ state } = done);
    }
    return found;
  }

  it("grow to a minute and stay there", () => {
    expect(delays(7, 1)).toEqual([5_000, 10_000, 20_000, 60_000, 60_000, 60_000, 60_000]);
  });

  it("are half certain and half drawn (D34)", () => {
    expect(delays(5, 0)).toEqual([2_500, 5_000, 10_000, 30_000, 30_000]);
    expect(delays(5, 0.5)).toEqual([3_750, 7_500, 15_000, 45_000, 45_000]);
  });

  it("begin anew after a clean pass, and go on after a limited one", () => {
    const then = (outcome: Outcome) => {
      const done = stepCoordinator(SITUATIONS["running after failures"], { type: "pass_done", outcome }, 1);
      const { state } = stepCoordinator(done.state, { type: "wake", reason: "startup" }, 1);
      return stepCoordinator(state, { type: "pass_done", outcome: "failed" }, 1).retryInMs;
    };
    expect([then("clean"), then("limited"), then("failed")]).toEqual([5_000, 20_000, 60_000]);
  });
});
