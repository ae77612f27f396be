/** What a person is shown of a recording, what they can do about it, and the counts (reference client-sync 3.2, 7.1.3, 7.2.10). */
import {
  countRecordings,
  type DisplayState,
  displayState,
  MAX_AUTOMATIC_ATTEMPTS,
  RECORDING_STATUSES,
  type RecordingState,
  type RecordingStatus,
  type RowActions,
  rowActions,
  type SyncCounts,
} from "@holdfast/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { recording } from "./states.ts";

type Situation =
  | Exclude<RecordingStatus, "miss">
  | "miss"
  | "miss, failed before"
  | "miss, failed twice"
  | "miss, gave up";

const SITUATIONS: Readonly<Record<Situation, RecordingState>> = {
  in_progress: recording("in_progress"),
  miss: recording("miss", { attempts: 0 }),
  "miss, failed before": recording("miss", { attempts: 1 }),
  "miss, failed twice": recording("miss", { attempts: MAX_AUTOMATIC_ATTEMPTS - 1 }),
  "miss, gave up": recording("miss", { attempts: MAX_AUTOMATIC_ATTEMPTS }),
  uploaded: recording("uploaded", { attempts: MAX_AUTOMATIC_ATTEMPTS }),
  synced: recording("synced", { attempts: MAX_AUTOMATIC_ATTEMPTS }),
  corrupted: recording("corrupted"),
  outside_recovery_window: recording("outside_recovery_window"),
  unsupported_audio: recording("unsupported_audio"),
  upload_rejected: recording("upload_rejected", { attempts: MAX_AUTOMATIC_ATTEMPTS }),
};

interface Shown {
  readonly resting: DisplayState;
  /** With the flag that it is being sent, which may be left over. */
  readonly sending: DisplayState;
}

const TABLE: Readonly<Record<Situation, Shown>> = {
  in_progress: { resting: "waiting", sending: "waiting" },
  miss: { resting: "waiting", sending: "syncing" },
  "miss, failed before": { resting: "retrying", sending: "syncing" },
  "miss, failed twice": { resting: "retrying", sending: "syncing" },
  "miss, gave up": { resting: "failed", sending: "syncing" },
  uploaded: { resting: "uploaded", sending: "uploaded" },
  synced: { resting: "synced", sending: "synced" },
  corrupted: { resting: "corrupted", sending: "corrupted" },
  outside_recovery_window: { resting: "too_old", sending: "too_old" },
  unsupported_audio: { resting: "unsupported_audio", sending: "unsupported_audio" },
  upload_rejected: { resting: "upload_rejected", sending: "upload_rejected" },
};

describe("displayState", () => {
  it.each(Object.entries(TABLE))("%s", (situation, { resting, sending }) => {
    const state = SITUATIONS[situation as Situation];
    expect([displayState(state, false), displayState(state, true)]).toEqual([resting, sending]);
  });
});

const DELETE: RowActions = { retry: false, delete: true, deleteLoses: true };
const ACTIONS: Readonly<Record<DisplayState, RowActions>> = {
  waiting: DELETE,
  syncing: { retry: false, delete: false, deleteLoses: true },
  uploaded: DELETE,
  synced: { retry: false, delete: true, deleteLoses: false },
  retrying: { retry: true, delete: true, deleteLoses: true },
  failed: { retry: true, delete: true, deleteLoses: true },
  corrupted: { retry: false, delete: true, deleteLoses: false },
  too_old: DELETE,
  unsupported_audio: DELETE,
  upload_rejected: { retry: true, delete: true, deleteLoses: true },
};

const COUNTED: Readonly<Record<DisplayState, Exclude<keyof SyncCounts, "total" | "pending">>> = {
  waiting: "waiting",
  syncing: "sending",
  uploaded: "uploaded",
  synced: "synced",
  retrying: "retrying",
  failed: "attention",
  corrupted: "attention",
  too_old: "attention",
  unsupported_audio: "attention",
  upload_rejected: "attention",
};
const PENDING: readonly DisplayState[] = ["waiting", "syncing", "uploaded", "retrying"];

describe("rowActions", () => {
  it.each(Object.entries(ACTIONS))("%s", (state, expected) => {
    expect(rowActions(state as DisplayState)).toEqual(expected);
  });
});

describe("countRecordings", () => {
  const none = { pending: 0, waiting: 0, retrying: 0, sending: 0, uploaded: 0, synced: 0, attention: 0, total: 0 };

  it("counts nothing where there is nothing", () => {
    expect(countRecordings([], new Set(["long gone"]))).toEqual(none);
  });

  it.each(Object.entries(TABLE))("%s counts once, and is pending or not", (situation, shown) => {
    for (const isSending of [false, true]) {
      const one = { ...SITUATIONS[situation as Situation], id: "it" };
      const display = isSending ? shown.sending : shown.resting;
      const pending = PENDING.includes(display) ? 1 : 0;
      expect(countRecordings([one], new Set(isSending ? ["it"] : ["another"]))).toEqual({
        ...{ ...none, [COUNTED[display]]: 1 },
        ...{ pending, total: 1 },
      });
    }
  });

  it("leaves out nobody and counts nobody twice, and what ended is never pending", () => {
    const anyRecording = fc.record({
      id: fc.constantFrom("a", "b", "c", "d"),
      status: fc.constantFrom(...RECORDING_STATUSES),
      attempts: fc.nat(4),
    });
    fc.assert(
      fc.property(fc.array(anyRecording), fc.array(fc.constantFrom("a", "b", "c")), (list, sending) => {
        const all = list.map(({ id, status, attempts }) => ({ ...recording(status, { attempts }), id }));
        const counts = countRecordings(all, new Set(sending));
        expect(counts.total).toBe(all.length);
        expect(counts.pending + counts.synced + counts.attention).toBe(all.length);
        const alive = ["in_progress", "miss", "uploaded"];
        expect(counts.pending).toBeLessThanOrEqual(all.filter(({ status }) => alive.includes(status)).length);
      }),
    );
  });
});
