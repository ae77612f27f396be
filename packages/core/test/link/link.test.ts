/** The machine of one link: every state with every event, the waiting times, and a model over random lives. */
import { PUSHER } from "@holdfast/contract";
import { LINK_STATES, type LinkEvent, type LinkState, type LinkStateName, startLink, stepLink } from "@holdfast/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

type Cell =
  | "unchanged"
  | "connected: announce"
  | "connecting: connect"
  | "degraded: wait 60000"
  | "half_open_probe: connect"
  | `backoff ${number}: wait ${number}`
  | `backoff 0: drop, wait ${number}`;

/** The situations that the states are made of. */
type Situation =
  | "connected"
  | "first"
  | "waiting"
  | "connecting"
  | "connecting for the sixth time"
  | "degraded"
  | "probe";

const SITUATIONS: Readonly<Record<Situation, LinkState>> = {
  connected: { name: "connected" },
  first: { name: "reconnect_backoff", doing: "first_connect", attempts: 0 },
  waiting: { name: "reconnect_backoff", doing: "waiting", attempts: 2 },
  connecting: { name: "reconnect_backoff", doing: "connecting", attempts: 2 },
  "connecting for the sixth time": { name: "reconnect_backoff", doing: "connecting", attempts: 5 },
  degraded: { name: "degraded" },
  probe: { name: "half_open_probe" },
};

const nothing: Readonly<Record<LinkEvent, Cell>> = {
  due: "unchanged",
  opened: "unchanged",
  failed: "unchanged",
  refused: "unchanged",
  lost: "unchanged",
};

const TABLE: Readonly<Record<Situation, Readonly<Record<LinkEvent, Cell>>>> = {
  connected: { ...nothing, lost: "backoff 0: drop, wait 1000" },
  first: {
    due: "unchanged",
    opened: "connected: announce",
    failed: "backoff 0: wait 1000",
    refused: "degraded: wait 60000",
    lost: "unchanged",
  },
  waiting: { ...nothing, due: "connecting: connect" },
  connecting: {
    due: "unchanged",
    opened: "connected: announce",
    failed: "backoff 3: wait 8000",
    refused: "degraded: wait 60000",
    lost: "unchanged",
  },
  "connecting for the sixth time": {
    due: "unchanged",
    opened: "connected: announce",
    failed: "degraded: wait 60000",
    refused: "degraded: wait 60000",
    lost: "unchanged",
  },
  degraded: { ...nothing, due: "half_open_probe: connect" },
  probe: {
    due: "unchanged",
    opened: "connected: announce",
    failed: "degraded: wait 60000",
    refused: "degraded: wait 60000",
    lost: "unchanged",
  },
};

/** The middle of the jitter, so that waits are the nominal ones. */
const MIDDLE = 0.5;

function cellOf(before: LinkState, event: LinkEvent): string {
  const { state, effects } = stepLink(before, event, MIDDLE);
  if (state === before && effects.length === 0) return "unchanged";
  const done = effects.map((effect) => (effect.type === "wait" ? `wait ${effect.ms}` : effect.type)).join(", ");
  if (state.name !== "reconnect_backoff") return `${state.name}: ${done}`;
  return state.doing === "connecting" ? `connecting: ${done}` : `backoff ${state.attempts}: ${done}`;
}

describe("stepLink", () => {
  for (const [situation, row] of Object.entries(TABLE)) {
    for (const [event, expected] of Object.entries(row)) {
      it(`${situation} + ${event} → ${expected}`, () => {
        expect(cellOf(SITUATIONS[situation as Situation], event as LinkEvent)).toBe(expected);
      });
    }
  }

  it("connects at once, and goes to backoff when the first connect fails", () => {
    const first = startLink();
    expect(first).toEqual({ state: SITUATIONS.first, effects: [{ type: "connect" }] });
    expect(stepLink(first.state, "failed", 0)).toEqual({
      state: { name: "reconnect_backoff", doing: "waiting", attempts: 0 },
      effects: [{ type: "wait", ms: 750 }],
    });
  });

  it("waits 1, 2, 4, 8, 16 and 32 s, then rests for a minute after exactly six failed attempts", () => {
    let step = stepLink(startLink().state, "failed", MIDDLE);
    const waits: number[] = [];
    while (step.state.name === "reconnect_backoff") {
      waits.push(...step.effects.map((effect) => (effect.type === "wait" ? effect.ms : 0)));
      step = stepLink(stepLink(step.state, "due", MIDDLE).state, "failed", MIDDLE);
    }
    expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000]);
    expect(step).toEqual({ state: { name: "degraded" }, effects: [{ type: "wait", ms: 60_000 }] });
  });

  it("spreads waits by a quarter to either side", () => {
    const waitAt = (random: number) => stepLink({ name: "connected" }, "lost", random).effects.at(-1);
    expect(waitAt(0)).toEqual({ type: "wait", ms: 750 });
    expect(waitAt(0.999_999)).toEqual({ type: "wait", ms: 1_250 });
  });

  it("forgets its attempts where it rests or connects", () => {
    const late: LinkState = { name: "reconnect_backoff", doing: "connecting", attempts: 4 };
    const again = (state: LinkState) => stepLink(stepLink(state, "opened", MIDDLE).state, "lost", MIDDLE).state;
    expect(again(late)).toMatchObject({ attempts: 0 });
    const refused = stepLink(late, "refused", MIDDLE).state;
    expect(again(stepLink(refused, "due", MIDDLE).state)).toMatchObject({ attempts: 0 });
  });
});

const anyEvent = fc.constantFrom<LinkEvent>("due", "opened", "failed", "refused", "lost");
const anyRandom = fc.double({ min: 0, max: 0.999_999, noNaN: true });

describe("any life of a link", () => {
  it("always has exactly one thing to wait for, and never two connects at once", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(anyEvent, anyRandom), { maxLength: 200 }), (events) => {
        let { state, effects } = startLink();
        let isConnecting = false;
        let isTimed = false;
        for (const [event, random] of [["none", 0] as const, ...events]) {
          // Events that cannot come now are late news; they may come all the same and must change nothing.
          const isLate =
            event === "none" ||
            (event === "due" && !isTimed) ||
            (["opened", "failed", "refused"].includes(event) && !isConnecting) ||
            (event === "lost" && state.name !== "connected");
          const before = state;
          if (event !== "none") ({ state, effects } = stepLink(state, event, random));
          if (event !== "none" && isLate) expect({ state, effects }).toEqual({ state: before, effects: [] });
          if (event === "due" && !isLate) isTimed = false;
          if (!isLate && event !== "due") isConnecting = false;
          for (const effect of effects) {
            if (effect.type === "connect") {
              expect(isConnecting).toBe(false);
              isConnecting = true;
            } else if (effect.type === "wait") {
              expect(isTimed).toBe(false);
              expect(effect.ms).toBeGreaterThanOrEqual(750);
              expect(effect.ms).toBeLessThanOrEqual(PUSHER.reconnectCapMs * (1 + PUSHER.reconnectJitter));
              isTimed = true;
            }
          }
          effects = [];
          // Law L5: no state without an owner or a deadline.
          expect([state.name === "connected", isConnecting, isTimed].filter(Boolean)).toHaveLength(1);
          expect(LINK_STATES).toContain(state.name);
          if (state.name === "reconnect_backoff") expect(state.attempts).toBeLessThan(PUSHER.reconnectAttempts);
        }
      }),
    );
  });

  it("comes back within two minutes of virtual time once the pusher takes connections", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(anyEvent, anyRandom), { maxLength: 100 }), anyRandom, (events, random) => {
        let state: LinkState = startLink().state;
        for (const [event, at] of events) ({ state } = stepLink(state, event, at));
        const seen: LinkStateName[] = [];
        let waitedMs = 0;
        // Whatever it was doing ends well from here on.
        for (let i = 0; i < 6 && state.name !== "connected"; i += 1) {
          seen.push(state.name);
          const waits: boolean =
            state.name === "degraded" || (state.name === "reconnect_backoff" && state.doing === "waiting");
          if (waits) waitedMs += PUSHER.reconnectCapMs * (1 + PUSHER.reconnectJitter);
          state = stepLink(state, waits ? "due" : "opened", random).state;
        }
        expect(state.name, seen.join(" → ")).toBe("connected");
        expect(waitedMs).toBeLessThanOrEqual(120_000);
      }),
    );
  });
});
