/** The cooldown: every situation with every event, as a total table (a missing cell does not compile), and what it says. */
import {
  activeLimit,
  COOLDOWN,
  type Cooldown,
  type CooldownEvent,
  needsFairUseCheck,
  nextExpiryMs,
  OPEN,
  stepCooldown,
} from "@holdfast/core";
import { describe, expect, it } from "vitest";

const MINUTE = 60_000;
const NOW = 1_000 * MINUTE;
const SET_AT = NOW - MINUTE;

type Situation =
  | "open"
  | "fair use"
  | "busy"
  | "both, fair use longer"
  | "both, busy longer"
  | "fair use ran out"
  | "busy ran out"
  | "both ran out";

const until = (minutes: number) => ({ untilMs: NOW + minutes * MINUTE, setAtMs: SET_AT });
const SITUATIONS: Readonly<Record<Situation, Cooldown>> = {
  open: OPEN,
  "fair use": { fairUse: until(10), backendBusy: null },
  busy: { fairUse: null, backendBusy: until(10) },
  "both, fair use longer": { fairUse: until(20), backendBusy: until(10) },
  "both, busy longer": { fairUse: until(10), backendBusy: until(20) },
  "fair use ran out": { fairUse: until(0), backendBusy: null },
  "busy ran out": { fairUse: null, backendBusy: until(0) },
  "both ran out": { fairUse: until(0), backendBusy: until(0) },
};

/** Every type of event, in the forms that differ in what they do. */
type EventName =
  | "limited: fair use, 5 min"
  | "limited: fair use, 15 min"
  | "limited: busy, 5 min"
  | "limited: busy, 15 min"
  | "succeeded, begun before"
  | "succeeded, begun after"
  | "checked: restricted"
  | "checked: free"
  | "checked: unknown";

const limited = (reason: "fair_use" | "backend_busy", minutes: number): CooldownEvent => ({
  ...{ type: "limited", reason, retryAfterMs: minutes * MINUTE, nowMs: NOW },
});
const checked = (restricted: boolean | "unknown"): CooldownEvent => ({
  ...{ type: "fair_use_checked", restricted, nowMs: NOW },
});
const EVENTS: Readonly<Record<EventName, CooldownEvent>> = {
  "limited: fair use, 5 min": limited("fair_use", 5),
  "limited: fair use, 15 min": limited("fair_use", 15),
  "limited: busy, 5 min": limited("backend_busy", 5),
  "limited: busy, 15 min": limited("backend_busy", 15),
  "succeeded, begun before": { type: "succeeded", startedAtMs: SET_AT },
  "succeeded, begun after": { type: "succeeded", startedAtMs: SET_AT + 1 },
  "checked: restricted": checked(true),
  "checked: free": checked(false),
  "checked: unknown": checked("unknown"),
};

/** Minutes that are left of each limit; "unchanged" is the very same object. */
const TABLE: Readonly<Record<Situation, Readonly<Record<EventName, string>>>> = {
  open: {
    "limited: fair use, 5 min": "fair use 5",
    "limited: fair use, 15 min": "fair use 15",
    "limited: busy, 5 min": "busy 5",
    "limited: busy, 15 min": "busy 15",
    "succeeded, begun before": "unchanged",
    "succeeded, begun after": "unchanged",
    "checked: restricted": "unchanged",
    "checked: free": "unchanged",
    "checked: unknown": "unchanged",
  },
  "fair use": {
    "limited: fair use, 5 min": "fair use 10",
    "limited: fair use, 15 min": "fair use 15",
    "limited: busy, 5 min": "fair use 10, busy 5",
    "limited: busy, 15 min": "fair use 10, busy 15",
    "succeeded, begun before": "unchanged",
    "succeeded, begun after": "open",
    "checked: restricted": "unchanged",
    "checked: free": "open",
    "checked: unknown": "unchanged",
  },
  busy: {
    "limited: fair use, 5 min": "fair use 5, busy 10",
    "limited: fair use, 15 min": "fair use 15, busy 10",
    "limited: busy, 5 min": "busy 10",
    "limited: busy, 15 min": "busy 15",
    "succeeded, begun before": "unchanged",
    "succeeded, begun after": "open",
    "checked: restricted": "unchanged",
    "checked: free": "unchanged",
    "checked: unknown": "unchanged",
  },
  "both, fair use longer": {
    "limited: fair use, 5 min": "fair use 20, busy 10",
    "limited: fair use, 15 min": "fair use 20, busy 10",
    "limited: busy, 5 min": "fair use 20, busy 10",
    "limited: busy, 15 min": "fair use 20, busy 15",
    "succeeded, begun before": "unchanged",
    "succeeded, begun after": "open",
    "checked: restricted": "unchanged",
    "checked: free": "busy 10",
    "checked: unknown": "unchanged",
  },
  "both, busy longer": {
    "limited: fair use, 5 min": "fair use 10, busy 20",
    "limited: fair use, 15 min": "fair use 15, busy 20",
    "limited: busy, 5 min": "fair use 10, busy 20",
    "limited: busy, 15 min": "fair use 10, busy 20",
    "succeeded, begun before": "unchanged",
    "succeeded, begun after": "open",
    "checked: restricted": "unchanged",
    "checked: free": "busy 20",
    "checked: unknown": "unchanged",
  },
  "fair use ran out": {
    "limited: fair use, 5 min": "fair use 5",
    "limited: fair use, 15 min": "fair use 15",
    "limited: busy, 5 min": "fair use 0, busy 5",
    "limited: busy, 15 min": "fair use 0, busy 15",
    "succeeded, begun before": "unchanged",
    "succeeded, begun after": "open",
    "checked: restricted": "fair use 1",
    "checked: free": "open",
    "checked: unknown": "fair use 1",
  },
  "busy ran out": {
    "limited: fair use, 5 min": "fair use 5, busy 0",
    "limited: fair use, 15 min": "fair use 15, busy 0",
    "limited: busy, 5 min": "busy 5",
    "limited: busy, 15 min": "busy 15",
    "succeeded, begun before": "unchanged",
    "succeeded, begun after": "open",
    "checked: restricted": "unchanged",
    "checked: free": "unchanged",
    "checked: unknown": "unchanged",
  },
  "both ran out": {
    "limited: fair use, 5 min": "fair use 5, busy 0",
    "limited: fair use, 15 min": "fair use 15, busy 0",
    "limited: busy, 5 min": "fair use 0, busy 5",
    "limited: busy, 15 min": "fair use 0, busy 15",
    "succeeded, begun before": "unchanged",
    "succeeded, begun after": "open",
    "checked: restricted": "fair use 1, busy 0",
    "checked: free": "busy 0",
    "checked: unknown": "fair use 1, busy 0",
  },
};

function said({ fairUse, backendBusy }: Cooldown): string {
  const minutes = ({ untilMs }: { readonly untilMs: number }) => (untilMs - NOW) / MINUTE;
  const parts = [
    ...(fairUse === null ? [] : [`fair use ${minutes(fairUse)}`]),
    ...(backendBusy === null ? [] : [`busy ${minutes(backendBusy)}`]),
  ];
  return parts.length === 0 ? "open" : parts.join(", ");
}

describe("stepCooldown", () => {
  for (const [situation, row] of Object.entries(TABLE)) {
    const before = SITUATIONS[situation as Situation];
    for (const [event, expected] of Object.entries(row)) {
      it(`${situation} + ${event} → ${expected}`, () => {
        const after = stepCooldown(before, EVENTS[event as EventName]);
        expect(after === before ? "unchanged" : said(after)).toBe(expected);
      });
    }
  }
});

interface Saying {
  readonly reason: "fair_use" | "backend_busy" | null;
  /** Minutes until uploads go on, and until the next timer. */
  readonly until: number | null;
  readonly timer: number | null;
  readonly check: boolean;
}

const SAID: Readonly<Record<Situation, Saying>> = {
  open: { reason: null, until: null, timer: null, check: false },
  "fair use": { reason: "fair_use", until: 10, timer: 10, check: false },
  busy: { reason: "backend_busy", until: 10, timer: 10, check: false },
  "both, fair use longer": { reason: "fair_use", until: 20, timer: 10, check: false },
  "both, busy longer": { reason: "backend_busy", until: 20, timer: 10, check: false },
  "fair use ran out": { reason: null, until: null, timer: null, check: true },
  "busy ran out": { reason: null, until: null, timer: null, check: false },
  "both ran out": { reason: null, until: null, timer: null, check: true },
};

describe("what a cooldown says", () => {
  const minutes = (ms: number | null) => (ms === null ? null : (ms - NOW) / MINUTE);

  it.each(Object.entries(SAID))("%s", (situation, expected) => {
    const cooldown = SITUATIONS[situation as Situation];
    const limit = activeLimit(cooldown, NOW);
    const saying: Saying = {
      reason: limit?.reason ?? null,
      until: minutes(limit?.untilMs ?? null),
      timer: minutes(nextExpiryMs(cooldown, NOW)),
      check: needsFairUseCheck(cooldown, NOW),
    };
    expect(saying).toEqual(expected);
  });

  it("is over at its deadline and not a millisecond before", () => {
    const { fairUse } = SITUATIONS["fair use"];
    const cooldown = { ...OPEN, fairUse };
    const endMs = NOW + 10 * MINUTE;
    const at = (nowMs: number) => [
      ...[activeLimit(cooldown, nowMs) !== null, nextExpiryMs(cooldown, nowMs), needsFairUseCheck(cooldown, nowMs)],
    ];
    expect(at(endMs - 1)).toEqual([true, endMs, false]);
    expect(at(endMs)).toEqual([false, null, true]);
  });

  it("names the busy server where both end at the same moment (reference client-sync 5.5)", () => {
    const both = { fairUse: until(10), backendBusy: until(10) };
    expect(activeLimit(both, NOW)).toEqual({ reason: "backend_busy", untilMs: NOW + 10 * MINUTE });
  });

  it("has the durations of the reference (client-sync 5.2)", () => {
    expect(COOLDOWN).toEqual({
      defaultMs: 1_800_000,
      busyJobMs: 600_000,
      recheckMs: 60_000,
      maxFairUseMs: 2_592_000_000,
      maxBusyMs: 86_400_000,
    });
  });
});
