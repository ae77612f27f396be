/** Why a recording is where it is: every state with every obstacle, as a total table (a missing cell does not compile). */
import {
  type ActiveLimit,
  type DisplayState,
  type ExplainContext,
  type ExplainedNext,
  explain,
  type RecordingState,
} from "@holdfast/core";
import { describe, expect, it } from "vitest";
import { CONFIRMED_AT, recording } from "./states.ts";

const UNTIL = 50_000;
const PLANNED = 70_000;
const LIMIT: ActiveLimit = { reason: "backend_busy", untilMs: UNTIL };

const free: ExplainContext = {
  ...{ isSending: false, isOnline: true, isSignedIn: true, isAutomatic: true },
  ...{ limit: null, nextPassAtMs: null, retentionMs: null },
};

type Obstacle =
  | "none"
  | "signed out"
  | "pause, not automatic"
  | "not automatic"
  | "pause"
  | "offline"
  | "next pass planned"
  | "retention";
const OBSTACLES: Readonly<Record<Obstacle, ExplainContext>> = {
  none: free,
  // Each with all that it goes before.
  "signed out": {
    ...free,
    isSignedIn: false,
    limit: LIMIT,
    isOnline: false,
    isAutomatic: false,
    nextPassAtMs: PLANNED,
  },
  "pause, not automatic": { ...free, isAutomatic: false, limit: LIMIT, isOnline: false, nextPassAtMs: PLANNED },
  "not automatic": { ...free, isAutomatic: false, isOnline: false, nextPassAtMs: PLANNED },
  pause: { ...free, limit: LIMIT, isOnline: false, nextPassAtMs: PLANNED },
  offline: { ...free, isOnline: false, nextPassAtMs: PLANNED },
  "next pass planned": { ...free, nextPassAtMs: PLANNED },
  retention: { ...free, retentionMs: 1_000 },
};

/** In progress and freed by live acknowledgement are states of their own here. */
type Situation = Exclude<DisplayState, "syncing"> | "in_progress" | "freed live";
const SITUATIONS: Readonly<Record<Situation, RecordingState>> = {
  in_progress: recording("in_progress"),
  waiting: recording("miss", { attempts: 0, reason: null }),
  retrying: recording("miss", { reason: "failed" }),
  failed: recording("miss", { attempts: 3, reason: "failed" }),
  uploaded: recording("uploaded"),
  synced: recording("synced"),
  "freed live": recording("synced", { syncedAtMs: 0 }),
  corrupted: recording("corrupted"),
  too_old: recording("outside_recovery_window"),
  unsupported_audio: recording("unsupported_audio"),
  upload_rejected: recording("upload_rejected"),
};

/** What is next, because of what, and when. */
type Expected = readonly [next: ExplainedNext, why: string | null, atMs: number | null];

const always = (expected: Expected): Readonly<Record<Obstacle, Expected>> => ({
  none: expected,
  "signed out": expected,
  "pause, not automatic": expected,
  "not automatic": expected,
  pause: expected,
  offline: expected,
  "next pass planned": expected,
  retention: expected,
});
const sends = (why: string | null): Readonly<Record<Obstacle, Expected>> => ({
  none: ["sends_in_turn", why, null],
  "signed out": ["sends_after_sign_in", "signed_out", null],
  "pause, not automatic": ["sends_when_asked", "backend_busy", UNTIL],
  "not automatic": ["sends_when_asked", why, null],
  pause: ["sends_after_pause", "backend_busy", UNTIL],
  offline: ["sends_when_online", "offline", null],
  "next pass planned": ["tries_again", why, PLANNED],
  retention: ["sends_in_turn", why, null],
});

const TABLE: Readonly<Record<Situation, Readonly<Record<Obstacle, Expected>>>> = {
  in_progress: always(["sealed_when_full", null, null]),
  waiting: sends(null),
  retrying: sends("failed"),
  failed: always(["person_retries", "failed", null]),
  uploaded: {
    none: ["asks_server", null, null],
    "signed out": ["asks_server", "signed_out", null],
    "pause, not automatic": ["asks_server", "backend_busy", UNTIL],
    "not automatic": ["asks_server", "offline", null],
    pause: ["asks_server", "backend_busy", UNTIL],
    offline: ["asks_server", "offline", null],
    "next pass planned": ["asks_server", null, PLANNED],
    retention: ["asks_server", null, null],
  },
  synced: { ...always(["nothing", null, null]), retention: ["copy_removed", null, CONFIRMED_AT + 1_000] },
  "freed live": always(["nothing", null, null]),
  corrupted: always(["person_deletes", "file_missing", null]),
  too_old: always(["person_deletes", "backfill_lookback_exceeded", null]),
  unsupported_audio: always(["person_deletes", "sync_invalid_audio", null]),
  upload_rejected: always(["person_retries", "http_413", null]),
};

const STATE: Readonly<Record<Situation, DisplayState>> = {
  ...{ in_progress: "waiting", waiting: "waiting", retrying: "retrying", failed: "failed", uploaded: "uploaded" },
  ...{ synced: "synced", "freed live": "synced", corrupted: "corrupted", too_old: "too_old" },
  ...{ unsupported_audio: "unsupported_audio", upload_rejected: "upload_rejected" },
};

describe("explain", () => {
  for (const [situation, row] of Object.entries(TABLE)) {
    for (const [obstacle, [next, why, atMs]] of Object.entries(row)) {
      it(`${situation}, ${obstacle} → ${next}`, () => {
        const explanation = explain(SITUATIONS[situation as Situation], OBSTACLES[obstacle as Obstacle]);
        expect(explanation).toEqual({ state: STATE[situation as Situation], next, why, atMs });
      });
    }
  }

  it.each(Object.entries(OBSTACLES))("what is being sent is being sent: %s", (_, context) => {
    for (const name of ["waiting", "retrying", "failed"] as const) {
      const state = SITUATIONS[name];
      expect(explain(state, { ...context, isSending: true })).toEqual({
        ...{ state: "syncing", next: "sends_now", why: state.reason, atMs: null },
      });
    }
  });

  it("never shows a final state as being sent (reference client-sync 3.2)", () => {
    for (const name of ["corrupted", "too_old", "unsupported_audio", "upload_rejected"] as const) {
      const state = SITUATIONS[name];
      expect(explain(state, { ...free, isSending: true })).toEqual(explain(state, free));
    }
  });

  it("names a fair-use pause as such", () => {
    const context = { ...free, limit: { reason: "fair_use", untilMs: UNTIL } as const };
    expect(explain(SITUATIONS.waiting, context)).toMatchObject({ next: "sends_after_pause", why: "fair_use" });
  });
});
