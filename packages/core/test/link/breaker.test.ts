/** The circuit: every state with every event, the window, the probe, what is kept, and a model over random lives. */
import { PUSHER } from "@holdfast/contract";
import {
  BREAKER_CLOSED,
  type BreakerEvent,
  type BreakerPermit,
  type BreakerState,
  restoreBreaker,
  snapshotBreaker,
  stepBreaker,
} from "@holdfast/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const NOW = 1_000_000;

type EventName = "ask" | "success" | "failure" | "probeFailure" | "cancel" | "probeCancel";
const EVENTS: Readonly<Record<EventName, BreakerEvent>> = {
  ask: { type: "ask" },
  success: { type: "success", permit: "go" },
  failure: { type: "failure", permit: "go" },
  probeFailure: { type: "failure", permit: "probe" },
  cancel: { type: "cancel", permit: "go" },
  probeCancel: { type: "cancel", permit: "probe" },
};

type Situation =
  | "closed"
  | "closed, 19 failures"
  | "open"
  | "open, time over"
  | "half_open, probing"
  | "half_open, free";
const nineteen = Array.from({ length: 19 }, (_, index) => NOW - index).reverse();
const SITUATIONS: Readonly<Record<Situation, BreakerState>> = {
  closed: BREAKER_CLOSED,
  "closed, 19 failures": { name: "closed", failuresMs: nineteen },
  open: { name: "open", untilMs: NOW + 1 },
  "open, time over": { name: "open", untilMs: NOW },
  "half_open, probing": { name: "half_open", probing: true },
  "half_open, free": { name: "half_open", probing: false },
};

const CLOSED = "closed";
const OPENED = `open until ${NOW + PUSHER.breakerOpenMs}`;
const PROBING = "half_open, probing";
const FREE = "half_open, free";

const TABLE: Readonly<Record<Situation, Readonly<Record<EventName, string>>>> = {
  closed: {
    ask: "go → closed",
    success: CLOSED,
    failure: "closed, 1",
    probeFailure: "closed, 1",
    cancel: CLOSED,
    probeCancel: CLOSED,
  },
  "closed, 19 failures": {
    ask: "go → closed, 19",
    success: CLOSED,
    failure: OPENED,
    probeFailure: OPENED,
    cancel: "closed, 19",
    probeCancel: "closed, 19",
  },
  open: {
    ask: `refuse → open until ${NOW + 1}`,
    success: CLOSED,
    failure: `open until ${NOW + 1}`,
    probeFailure: `open until ${NOW + 1}`,
    cancel: `open until ${NOW + 1}`,
    probeCancel: `open until ${NOW + 1}`,
  },
  "open, time over": {
    ask: `probe → ${PROBING}`,
    success: CLOSED,
    failure: `open until ${NOW}`,
    probeFailure: `open until ${NOW}`,
    cancel: `open until ${NOW}`,
    probeCancel: `open until ${NOW}`,
  },
  "half_open, probing": {
    ask: `refuse → ${PROBING}`,
    success: CLOSED,
    failure: PROBING,
    probeFailure: OPENED,
    cancel: PROBING,
    probeCancel: FREE,
  },
  "half_open, free": {
    ask: `probe → ${PROBING}`,
    success: CLOSED,
    failure: FREE,
    probeFailure: OPENED,
    cancel: FREE,
    probeCancel: FREE,
  },
};

function said(state: BreakerState): string {
  if (state.name === "open") return `open until ${state.untilMs}`;
  if (state.name === "half_open") return state.probing ? PROBING : FREE;
  return state.failuresMs.length === 0 ? CLOSED : `closed, ${state.failuresMs.length}`;
}

describe("stepBreaker", () => {
  for (const [situation, row] of Object.entries(TABLE)) {
    for (const [event, expected] of Object.entries(row)) {
      it(`${situation} + ${event} → ${expected}`, () => {
        const { state, answer } = stepBreaker(SITUATIONS[situation as Situation], EVENTS[event as EventName], NOW);
        expect(answer === undefined ? said(state) : `${answer} → ${said(state)}`).toBe(expected);
      });
    }
  }

  it("forgets failures that are 30 s old, and those of a clock that was set back", () => {
    const kept = (ageMs: number) => {
      const state: BreakerState = { name: "closed", failuresMs: [NOW - ageMs] };
      return said(stepBreaker(state, EVENTS.failure, NOW).state);
    };
    expect(kept(PUSHER.breakerWindowMs - 1)).toBe("closed, 2");
    expect(kept(PUSHER.breakerWindowMs)).toBe("closed, 1");
    expect(kept(-1)).toBe("closed, 1");
  });

  it("does not stay open for longer than a minute, however the clock is set back", () => {
    const open: BreakerState = { name: "open", untilMs: NOW + 86_400_000 };
    const { state, answer } = stepBreaker(open, EVENTS.ask, NOW);
    expect([said(state), answer]).toEqual([OPENED, "refuse"]);
  });
});

describe("what is kept", () => {
  const through = (state: BreakerState, nowMs = NOW) =>
    restoreBreaker(JSON.parse(JSON.stringify(snapshotBreaker(state))), nowMs);

  it("comes back; a probe does not, because it ended with its process", () => {
    expect(through(SITUATIONS.open)).toEqual(SITUATIONS.open);
    expect(through(SITUATIONS["half_open, probing"])).toEqual(SITUATIONS["half_open, free"]);
    expect(through(SITUATIONS["closed, 19 failures"])).toEqual(BREAKER_CLOSED);
  });

  it("has no deadline further away than a minute", () => {
    expect(through({ name: "open", untilMs: NOW + 1e12 })).toEqual({ name: "open", untilMs: NOW + 60_000 });
    expect(stepBreaker(through({ name: "open", untilMs: -5 }), EVENTS.ask, NOW).answer).toBe("probe");
  });

  it.each([undefined, null, 7, "open", [], {}, { name: "ajar" }, { name: "open" }, { name: "open", untilMs: "soon" }])(
    "is a closed circuit where it is %j",
    (kept) => expect(restoreBreaker(kept, NOW)).toEqual(BREAKER_CLOSED),
  );

  it("never throws, and is always a state that works", () => {
    fc.assert(
      fc.property(fc.anything(), (kept) => {
        expect(["go", "probe", "refuse"]).toContain(stepBreaker(restoreBreaker(kept, NOW), EVENTS.ask, NOW).answer);
      }),
    );
  });
});

/** A connect that is under way; it ends at the latest with its handshake timeout. */
interface Connect {
  readonly permit: BreakerPermit;
  readonly sinceMs: number;
}

describe("any life of a circuit", () => {
  const deed = fc.record({
    act: fc.constantFrom("ask", "ask", "failure", "failure", "success", "cancel"),
    which: fc.nat(50),
    afterMs: fc.constantFrom(0, 0, 0, 1, 100, 1_400, 30_000, 60_000),
  });
  const deeds = fc.array(deed, { minLength: 50, maxLength: 300 });

  it("lets one probe through at a time, refuses only while it may, and never for good", () => {
    const reached = new Set<string>();
    fc.assert(
      fc.property(fc.constantFrom(...Object.values(SITUATIONS)), deeds, (first, list) => {
        let state = restoreBreaker(snapshotBreaker(first), NOW);
        let nowMs = NOW;
        let failures: number[] = [];
        let out: Connect[] = [];

        const report = (connect: Connect, type: "success" | "failure" | "cancel", atMs: number): void => {
          out = out.filter((other) => other !== connect);
          const before = state;
          ({ state } = stepBreaker(state, { type, permit: connect.permit }, atMs));
          if (type === "success") {
            expect(state).toEqual(BREAKER_CLOSED);
            failures = [];
          }
          if (type === "failure" && before.name === "closed") {
            failures = [...failures.filter((ms) => atMs - ms < PUSHER.breakerWindowMs), atMs];
            expect(state.name).toBe(failures.length >= PUSHER.breakerFailures ? "open" : "closed");
            if (state.name === "open") failures = [];
          }
        };
        const advance = (ms: number): void => {
          const late = out.filter(({ sinceMs }) => sinceMs + PUSHER.handshakeTimeoutMs <= nowMs + ms);
          for (const connect of late) report(connect, "failure", connect.sinceMs + PUSHER.handshakeTimeoutMs);
          nowMs += ms;
        };
        const ask = (): void => {
          const before = state;
          const { state: next, answer } = stepBreaker(state, { type: "ask" }, nowMs);
          state = next;
          const isProbing = out.some(({ permit }) => permit === "probe");
          if (answer === "refuse") {
            if (before.name === "open") expect(before.untilMs).toBeGreaterThan(nowMs);
            else expect([before.name, isProbing]).toEqual(["half_open", true]);
          } else if (answer !== undefined) {
            if (answer === "probe") expect(isProbing).toBe(false);
            out.push({ permit: answer, sinceMs: nowMs });
          }
        };

        for (const { act, which, afterMs } of list) {
          advance(afterMs);
          const connect = out[which % Math.max(1, out.length)];
          if (act === "ask") ask();
          else if (connect !== undefined) report(connect, act as "success" | "failure" | "cancel", nowMs);
          reached.add(state.name);
        }
        // Whoever is out reports, a minute passes, and the next one may go.
        for (const connect of out) report(connect, "cancel", nowMs);
        advance(PUSHER.breakerOpenMs);
        expect(stepBreaker(state, { type: "ask" }, nowMs).answer).not.toBe("refuse");
      }),
    );
    expect([...reached].sort()).toEqual(["closed", "half_open", "open"]);
  });

  it("opens with the twentieth failure of many that fail together, and recovers through one of them", () => {
    let state: BreakerState = BREAKER_CLOSED;
    const tell = (event: BreakerEvent, nowMs: number) => {
      const step = stepBreaker(state, event, nowMs);
      ({ state } = step);
      return step.answer;
    };
    for (let i = 0; i < 500; i += 1) expect(tell({ type: "ask" }, NOW)).toBe("go");
    for (let i = 0; i < 19; i += 1) tell({ type: "failure", permit: "go" }, NOW + i);
    expect(state.name).toBe("closed");
    for (let i = 19; i < 500; i += 1) tell({ type: "failure", permit: "go" }, NOW + i);
    // Those that came after it opened did not make it any longer.
    expect(state).toEqual({ name: "open", untilMs: NOW + 19 + PUSHER.breakerOpenMs });
    const laterMs = NOW + 19 + PUSHER.breakerOpenMs;
    const answers = Array.from({ length: 500 }, () => tell({ type: "ask" }, laterMs));
    expect(answers.filter((answer) => answer === "probe")).toHaveLength(1);
    expect(answers.filter((answer) => answer === "refuse")).toHaveLength(499);
    tell({ type: "success", permit: "probe" }, laterMs);
    expect(tell({ type: "ask" }, laterMs)).toBe("go");
  });
});
