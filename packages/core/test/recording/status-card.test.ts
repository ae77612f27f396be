/** The one sentence about syncing: every row of its order of precedence (reference client-sync 7.2.3), and what a pause shows. */
import {
  type ActiveLimit,
  type StatusCard,
  type StatusCardState,
  type SyncCounts,
  type SyncPhase,
  statusCard,
} from "@holdfast/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const UNTIL = 5_000;
const LIMITS = {
  none: null,
  "fair use": { reason: "fair_use", untilMs: UNTIL },
  busy: { reason: "backend_busy", untilMs: UNTIL },
} as const satisfies Readonly<Record<string, ActiveLimit | null>>;

function counts(over: Partial<SyncCounts> = {}): SyncCounts {
  const parts = { waiting: 0, retrying: 0, sending: 0, uploaded: 0, synced: 0, attention: 0, ...over };
  const pending = parts.waiting + parts.retrying + parts.sending + parts.uploaded;
  return { ...parts, pending, total: pending + parts.synced + parts.attention };
}

/** Everything at once, so that only precedence decides. */
const ALL = counts({ waiting: 1, retrying: 1, sending: 1, uploaded: 1, synced: 1, attention: 1 });

const PHASES: Readonly<Record<Exclude<SyncPhase, "idle">, StatusCardState>> = {
  downloading: "downloading",
  waiting_internet: "waiting_internet",
  uploading: "uploading",
  working: "working",
};

describe("while a sync is under way", () => {
  for (const [phase, state] of Object.entries(PHASES)) {
    it(`${phase} goes before everything, spins and can be cancelled`, () => {
      expect(statusCard(phase as SyncPhase, null, ALL)).toEqual({
        ...{ state, spinner: true, button: "cancel", resumesAtMs: null },
      });
    });

    it(`${phase} stands still during a pause, and can still be cancelled`, () => {
      for (const limit of [LIMITS["fair use"], LIMITS.busy]) {
        expect(statusCard(phase as SyncPhase, limit, ALL)).toEqual({
          ...{ state, spinner: false, button: "cancel", resumesAtMs: UNTIL },
        });
      }
    });
  }
});

type Row = "fair use" | "busy" | "sending" | "uploaded" | "attention" | "waiting" | "retrying" | "synced" | "nothing";

const calm = { spinner: false, button: null, resumesAtMs: null } as const;
const paused = { ...calm, resumesAtMs: UNTIL } as const;
const ready = { ...calm, state: "ready", button: "sync" } as const;

/** First match wins, so that each row is given all that stands behind it. */
const ROWS: Readonly<Record<Row, readonly [limit: ActiveLimit | null, counts: SyncCounts, expected: StatusCard]>> = {
  "fair use": [LIMITS["fair use"], ALL, { ...paused, state: "limited_fair_use" }],
  busy: [LIMITS.busy, ALL, { ...paused, state: "limited_busy" }],
  sending: [null, ALL, { ...calm, state: "uploading", spinner: true, button: "cancel" }],
  uploaded: [null, { ...ALL, sending: 0 }, { ...calm, state: "processing", spinner: true }],
  attention: [null, { ...ALL, sending: 0, uploaded: 0 }, { ...calm, state: "attention", button: "sync" }],
  waiting: [null, counts({ waiting: 1, synced: 1 }), ready],
  retrying: [null, counts({ retrying: 1, synced: 1 }), ready],
  synced: [null, counts({ synced: 7 }), { ...calm, state: "all_synced" }],
  nothing: [null, counts(), { ...calm, state: "all_synced" }],
};

describe("at rest", () => {
  it.each(Object.entries(ROWS))("%s", (_, [limit, given, expected]) => {
    expect(statusCard("idle", limit, given)).toEqual(expected);
  });
});

describe("whatever there is", () => {
  const anyCounts = fc
    .tuple(...Array.from({ length: 6 }, () => fc.nat(2)))
    .map(([waiting = 0, retrying = 0, sending = 0, uploaded = 0, synced = 0, attention = 0]) =>
      counts({ waiting, retrying, sending, uploaded, synced, attention }),
    );
  const phases = fc.constantFrom<SyncPhase>("idle", "downloading", "waiting_internet", "uploading", "working");
  const limits = fc.constantFrom(...Object.values(LIMITS));

  it("a pause at rest is shown as what it is, with its end, and offers nothing (D4)", () => {
    fc.assert(
      fc.property(anyCounts, limits, (given, limit) => {
        const card = statusCard("idle", limit, given);
        if (limit === null) {
          expect(["limited_fair_use", "limited_busy"]).not.toContain(card.state);
          expect(card.resumesAtMs).toBeNull();
          return;
        }
        expect(card).toEqual({ ...paused, state: limit.reason === "fair_use" ? "limited_fair_use" : "limited_busy" });
      }),
    );
  });

  it("nothing spins during a pause, and its end is always told", () => {
    fc.assert(
      fc.property(phases, limits, anyCounts, (phase, limit, given) => {
        const { spinner, resumesAtMs } = statusCard(phase, limit, given);
        if (limit !== null) expect(spinner).toBe(false);
        expect(resumesAtMs).toBe(limit?.untilMs ?? null);
      }),
    );
  });

  it('"all synced" is said only where it is so (D9)', () => {
    fc.assert(
      fc.property(phases, limits, anyCounts, (phase, limit, given) => {
        const { state, button } = statusCard(phase, limit, given);
        if (state === "all_synced") expect([given.pending, given.attention]).toEqual([0, 0]);
        if (button === "sync") expect(given.waiting + given.retrying + given.attention).toBeGreaterThan(0);
        if (button === "cancel") expect(phase !== "idle" || given.sending > 0).toBe(true);
      }),
    );
  });
});
