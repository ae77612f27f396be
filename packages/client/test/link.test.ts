import { HoldfastError } from "@holdfast/contract";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LINK_TIMES, type LinkEvent, type LinkState, stepLink } from "../src/live/link.ts";

const lostError = new HoldfastError("gone", { code: "connection_lost", class: "transport" });
const refusal = new HoldfastError("no", { code: "unauthorized", class: "auth" });

const states: Record<LinkState["name"], LinkState> = {
  idle: { name: "idle" },
  connecting: { name: "connecting", failures: 2 },
  open: { name: "open", failures: 2 },
  waiting: { name: "waiting", failures: 2, waitMs: 5, error: null },
  ended: { name: "ended", error: null },
};

type EventName = Exclude<LinkEvent["type"], "lost"> | "lost, can be mended" | "lost for good";
const events: Record<EventName, LinkEvent> = {
  start: { type: "start" },
  opened: { type: "opened" },
  heard: { type: "heard" },
  progress: { type: "progress" },
  "lost, can be mended": { type: "lost", error: lostError, fatal: false },
  "lost for good": { type: "lost", error: refusal, fatal: true },
  deadline: { type: "deadline" },
  stop: { type: "stop" },
};

/** state / act / deadline: `=` keeps the running one, `-` has none. */
const table: Record<LinkState["name"], Record<EventName, string>> = {
  idle: {
    start: "connecting connect 15000",
    opened: "idle none =",
    heard: "idle none =",
    progress: "idle none =",
    "lost, can be mended": "idle none =",
    "lost for good": "idle none =",
    deadline: "idle none =",
    stop: "ended disconnect -",
  },
  connecting: {
    start: "connecting none =",
    opened: "open none 25000",
    heard: "connecting none =",
    progress: "connecting none =",
    "lost, can be mended": "waiting disconnect 1000",
    "lost for good": "ended disconnect -",
    deadline: "waiting disconnect 1000",
    stop: "ended disconnect -",
  },
  open: {
    start: "open none =",
    opened: "open none =",
    heard: "open none 25000",
    progress: "open none =",
    "lost, can be mended": "waiting disconnect 1000",
    "lost for good": "ended disconnect -",
    deadline: "waiting disconnect 1000",
    stop: "ended disconnect -",
  },
  waiting: {
    start: "waiting none =",
    opened: "waiting none =",
    heard: "waiting none =",
    progress: "waiting none =",
    "lost, can be mended": "waiting none =",
    "lost for good": "waiting none =",
    deadline: "connecting connect 15000",
    stop: "ended disconnect -",
  },
  ended: {
    start: "ended none =",
    opened: "ended none =",
    heard: "ended none =",
    progress: "ended none =",
    "lost, can be mended": "ended none =",
    "lost for good": "ended none =",
    deadline: "ended none =",
    stop: "ended none =",
  },
};

describe("every state meets every event", () => {
  for (const [stateName, row] of Object.entries(table)) {
    for (const [eventName, expected] of Object.entries(row)) {
      test(`${stateName} / ${eventName} → ${expected}`, () => {
        const step = stepLink(states[stateName as LinkState["name"]], events[eventName as EventName], 0.5);
        const deadline = step.deadline === "keep" ? "=" : (step.deadline ?? "-");
        expect(`${step.state.name} ${step.act} ${deadline}`).toBe(expected);
      });
    }
  }
});

describe("waiting times", () => {
  test("only an acknowledgement forgets earlier failures", () => {
    const opened = stepLink(states.connecting, events.opened, 0.5).state;
    expect(opened).toEqual({ name: "open", failures: 2 });
    expect(stepLink(opened, events.heard, 0.5).state).toEqual({ name: "open", failures: 2 });
    expect(stepLink(opened, events.progress, 0.5).state).toEqual({ name: "open", failures: 0 });
  });

  test("full jitter: never more than the doubled base, never more than the cap, never nothing", () => {
    fc.assert(
      fc.property(
        fc.nat({ max: 60 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (failures, random) => {
          const step = stepLink({ name: "open", failures }, events["lost, can be mended"], random);
          const bound = Math.min(LINK_TIMES.retryBaseMs * 2 ** Math.min(failures, 30), LINK_TIMES.retryCapMs);
          expect(step.deadline).toBe(Math.max(50, Math.round(bound * random)));
          expect(step.state).toMatchObject({ name: "waiting", failures: failures + 1, waitMs: step.deadline });
        },
      ),
    );
  });

  test("the server's wish is the floor, up to an hour", () => {
    const wish = (retryAfterMs: number): number | null | "keep" => {
      const error = new HoldfastError("busy", { code: "unavailable", class: "capacity", retryAfterMs });
      return stepLink(states.open, { type: "lost", error, fatal: false }, 0.5).deadline;
    };
    expect(wish(7_000)).toBe(7_000);
    expect(wish(10)).toBe(1_000);
    expect(wish(9e9)).toBe(3_600_000);
  });
});
