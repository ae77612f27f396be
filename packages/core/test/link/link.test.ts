/** The machine of one link: every state with every event, the waiting times, and a model over random lives. */
import { PUSHER } from "@holdfast/contract";
import { LINK_STATES, type LinkEvent, type LinkState, type LinkStateName, startLink, stepLink } from "@holdfast/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

type Cell =
  | "unchanged"
  | `connected, sound ${"v1" | "v2" | "withheld"}: ${"announce" | "nothing"}`
  | "open: wait 4000"
  | "connecting: connect"
  | "degraded: wait 60000"
  | "degraded: drop, wait 60000"
  | "half_open_probe: connect"
  | `backoff ${number}: wait ${number}`
  | `backoff ${number}: drop, wait ${number}`;

/** The situations that the states are made of. */
type Situation =
  | "connected"
  | "first"
  | "waiting"
  | "connecting"
  | "connecting for the sixth time"
  | "degraded"
  | "probe"
  | "first, timeline asked"
  | "connecting, timeline asked"
  | "probe, timeline asked"
  | "first, open"
  | "connecting, open"
  | "connecting for the sixth time, open"
  | "connecting, open, acked before"
  | "probe, open"
  | "probe, open, acked before"
  | "connected, never acked"
  | "connected, acked"
  | "connected, acked before and not now";

const OFF = { timeline: "off", open: false } as const;
const ASKED = { timeline: "asked", open: false } as const;
const OPEN = { timeline: "asked", open: true } as const;
const BEFORE = { timeline: "acked", open: true } as const;
const FIRST = { name: "reconnect_backoff", doing: "first_connect", attempts: 0 } as const;
const CONNECTING = { name: "reconnect_backoff", doing: "connecting", attempts: 2 } as const;

const SITUATIONS: Readonly<Record<Situation, LinkState>> = {
  connected: { name: "connected", sound: "v1", timeline: "off" },
  first: { ...FIRST, ...OFF },
  waiting: { name: "reconnect_backoff", doing: "waiting", attempts: 2, ...OFF },
  connecting: { ...CONNECTING, ...OFF },
  "connecting for the sixth time": { ...CONNECTING, attempts: 5, ...OFF },
  degraded: { name: "degraded", timeline: "off" },
  probe: { name: "half_open_probe", ...OFF },
  "first, timeline asked": { ...FIRST, ...ASKED },
  "connecting, timeline asked": { ...CONNECTING, ...ASKED },
  "probe, timeline asked": { name: "half_open_probe", ...ASKED },
  "first, open": { ...FIRST, ...OPEN },
  "connecting, open": { ...CONNECTING, ...OPEN },
  "connecting for the sixth time, open": { ...CONNECTING, attempts: 5, ...OPEN },
  "connecting, open, acked before": { ...CONNECTING, ...BEFORE },
  "probe, open": { name: "half_open_probe", ...OPEN },
  "probe, open, acked before": { name: "half_open_probe", ...BEFORE },
  "connected, never acked": { name: "connected", sound: "v1", timeline: "asked" },
  "connected, acked": { name: "connected", sound: "v2", timeline: "acked" },
  "connected, acked before and not now": { name: "connected", sound: "withheld", timeline: "acked" },
};

const nothing: Readonly<Record<LinkEvent, Cell>> = {
  due: "unchanged",
  opened: "unchanged",
  failed: "unchanged",
  refused: "unchanged",
  lost: "unchanged",
  acked: "unchanged",
};

const lost = { ...nothing, lost: "backoff 0: drop, wait 1000" } as const;
const first = { ...nothing, failed: "backoff 0: wait 1000", refused: "degraded: wait 60000" } as const;
const connecting = { ...nothing, failed: "backoff 3: wait 8000", refused: "degraded: wait 60000" } as const;
const last = { ...nothing, failed: "degraded: wait 60000", refused: "degraded: wait 60000" } as const;
const asked = { opened: "open: wait 4000" } as const;
const open = {
  ...nothing,
  due: "connected, sound v1: announce",
  acked: "connected, sound v2: announce",
} as const;
const withheld = { due: "connected, sound withheld: announce" } as const;

const TABLE: Readonly<Record<Situation, Readonly<Record<LinkEvent, Cell>>>> = {
  connected: lost,
  first: { ...first, opened: "connected, sound v1: announce" },
  waiting: { ...nothing, due: "connecting: connect" },
  connecting: { ...connecting, opened: "connected, sound v1: announce" },
  "connecting for the sixth time": { ...last, opened: "connected, sound v1: announce" },
  degraded: { ...nothing, due: "half_open_probe: connect" },
  probe: { ...last, opened: "connected, sound v1: announce" },
  "first, timeline asked": { ...first, ...asked },
  "connecting, timeline asked": { ...connecting, ...asked },
  "probe, timeline asked": { ...last, ...asked },
  "first, open": { ...open, lost: "backoff 0: drop, wait 1000" },
  "connecting, open": { ...open, lost: "backoff 3: drop, wait 8000" },
  "connecting for the sixth time, open": { ...open, lost: "degraded: drop, wait 60000" },
  "connecting, open, acked before": { ...open, ...withheld, lost: "backoff 3: drop, wait 8000" },
  "probe, open": { ...open, lost: "degraded: drop, wait 60000" },
  "probe, open, acked before": { ...open, ...withheld, lost: "degraded: drop, wait 60000" },
  "connected, never acked": { ...lost, acked: "connected, sound v2: nothing" },
  "connected, acked": lost,
  "connected, acked before and not now": { ...lost, acked: "connected, sound v2: nothing" },
};

/** The middle of the jitter, so that waits are the nominal ones. */
const MIDDLE = 0.5;

function cellOf(before: LinkState, event: LinkEvent): string {
  const { state, effects } = stepLink(before, event, MIDDLE);
  if (state === before && effects.length === 0) return "unchanged";
  const named = effects.map((effect) => (effect.type === "wait" ? `wait ${effect.ms}` : effect.type)).join(", ");
  const done = named === "" ? "nothing" : named;
  if (state.name === "connected") return `connected, sound ${state.sound}: ${done}`;
  if ("open" in state && state.open) return `open: ${done}`;
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
      state: { name: "reconnect_backoff", doing: "waiting", attempts: 0, open: false, timeline: "off" },
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
    expect(step).toEqual({ state: { name: "degraded", timeline: "off" }, effects: [{ type: "wait", ms: 60_000 }] });
  });

  it("spreads waits by a quarter to either side", () => {
    const waitAt = (random: number) => stepLink(SITUATIONS.connected, "lost", random).effects.at(-1);
    expect(waitAt(0)).toEqual({ type: "wait", ms: 750 });
    expect(waitAt(0.999_999)).toEqual({ type: "wait", ms: 1_250 });
  });

  it("forgets its attempts where it rests or connects", () => {
    const late: LinkState = {
      ...SITUATIONS.connecting,
      name: "reconnect_backoff",
      doing: "connecting",
      attempts: 4,
      open: false,
    };
    const again = (state: LinkState) => stepLink(stepLink(state, "opened", MIDDLE).state, "lost", MIDDLE).state;
    expect(again(late)).toMatchObject({ attempts: 0 });
    const refused = stepLink(late, "refused", MIDDLE).state;
    expect(again(stepLink(refused, "due", MIDDLE).state)).toMatchObject({ attempts: 0 });
  });
});

const anyEvent = fc.constantFrom<LinkEvent>("due", "opened", "failed", "refused", "lost", "acked");
const anyRandom = fc.double({ min: 0, max: 0.999_999, noNaN: true });
const anyTimeline = fc.constantFrom("off", "asked");

const isOpen = (state: LinkState): boolean => "open" in state && state.open;

describe("any life of a link", () => {
  it("always has exactly one thing to wait for, and never two connects at once", () => {
    fc.assert(
      fc.property(anyTimeline, fc.array(fc.tuple(anyEvent, anyRandom), { maxLength: 200 }), (timeline, events) => {
        let { state, effects } = startLink(timeline);
        let isConnecting = false;
        let isTimed = false;
        let wasAcked = false;
        for (const [event, random] of [["none", 0] as const, ...events]) {
          // Events that cannot come now are late news; they may come all the same and must change nothing.
          const isLate =
            event === "none" ||
            (event === "due" && !isTimed) ||
            (["opened", "failed", "refused"].includes(event) && !isConnecting) ||
            (event === "lost" && state.name !== "connected" && !isOpen(state)) ||
            (event === "acked" && (timeline === "off" || !(state.name === "connected" || isOpen(state))));
          const before = state;
          if (event !== "none") ({ state, effects } = stepLink(state, event, random));
          if (event !== "none" && isLate) expect({ state, effects }).toEqual({ state: before, effects: [] });
          if (!isLate && event === "acked") wasAcked = true;
          // An answer ends the wait for it.
          if (!isLate && (event === "due" || (isOpen(before) && !isOpen(state)))) isTimed = false;
          if (!isLate && ["opened", "failed", "refused"].includes(event)) isConnecting = false;
          for (const effect of effects) {
            if (effect.type === "connect") {
              expect(isConnecting).toBe(false);
              isConnecting = true;
            } else if (effect.type === "wait") {
              expect(isTimed).toBe(false);
              expect(effect.ms).toBeGreaterThanOrEqual(750);
              expect(effect.ms).toBeLessThanOrEqual(PUSHER.reconnectCapMs * (1 + PUSHER.reconnectJitter));
              isTimed = true;
            } else if (effect.type === "announce") expect(state.name).toBe("connected");
          }
          effects = [];
          // Law L5: no state without an owner or a deadline.
          expect([state.name === "connected", isConnecting, isTimed].filter(Boolean)).toHaveLength(1);
          expect(LINK_STATES).toContain(state.name);
          if (state.name === "reconnect_backoff") expect(state.attempts).toBeLessThan(PUSHER.reconnectAttempts);
          // Sound is withheld only from a pusher that fell silent, and what was acknowledged once is never forgotten.
          expect(state.timeline).toBe(timeline === "off" ? "off" : wasAcked ? "acked" : "asked");
          if (state.name === "connected" && state.sound !== "v1") expect(wasAcked).toBe(true);
          if (state.name === "connected" && state.sound === "v1") expect(wasAcked).toBe(false);
        }
      }),
    );
  });

  it("comes back within two minutes of virtual time once the pusher takes connections", () => {
    const events = fc.array(fc.tuple(anyEvent, anyRandom), { maxLength: 100 });
    fc.assert(
      fc.property(anyTimeline, events, anyRandom, fc.boolean(), (timeline, past, random, answers) => {
        let state: LinkState = startLink(timeline).state;
        for (const [event, at] of past) ({ state } = stepLink(state, event, at));
        const seen: LinkStateName[] = [];
        let waitedMs = 0;
        // Whatever it was doing ends well from here on.
        for (let i = 0; i < 6 && state.name !== "connected"; i += 1) {
          seen.push(state.name);
          const waits: boolean =
            state.name === "degraded" || (state.name === "reconnect_backoff" && state.doing === "waiting");
          if (waits) waitedMs += PUSHER.reconnectCapMs * (1 + PUSHER.reconnectJitter);
          if (isOpen(state) && !answers) waitedMs += PUSHER.timelineAckMs;
          const next = isOpen(state) && answers ? "acked" : waits || isOpen(state) ? "due" : "opened";
          state = stepLink(state, next, random).state;
        }
        expect(state.name, seen.join(" → ")).toBe("connected");
        expect(waitedMs).toBeLessThanOrEqual(120_000);
      }),
    );
  });
});
