/** The life of a recording: every situation with every event, as a total table (a missing cell does not compile). */
import {
  isDue,
  isFinalRecording,
  MAX_AUTOMATIC_ATTEMPTS,
  RECORDING_STATUSES,
  type RecordingEvent,
  type RecordingState,
  type RecordingStatus,
  stepRecording,
} from "@holdfast/core";
import { describe, expect, it } from "vitest";
import { recording } from "./states.ts";

type EventType = RecordingEvent["type"];

/** What becomes of it: the very same object, or a status, which may cost an attempt or give all of them back. */
type Expected = "unchanged" | RecordingStatus | `${RecordingStatus}, attempt spent` | `${RecordingStatus}, fresh`;

/** Events of one type that differ in what they find. */
type Variant = "sealed, delivered" | "accepted without a job" | "job_lost with its file";
type EventName = EventType | Variant;

const NOW = 9_000;
const why = { reason: "because", nowMs: NOW } as const;

const EVENTS: { readonly [T in EventType]: Extract<RecordingEvent, { readonly type: T }> } & Readonly<
  Record<Variant, RecordingEvent>
> = {
  sealed: { type: "sealed", delivered: false },
  "sealed, delivered": { type: "sealed", delivered: true },
  delivered: { type: "delivered" },
  batched: { type: "batched", batchId: "batch-2" },
  accepted: { type: "accepted", jobId: "job-2", nowMs: NOW },
  "accepted without a job": { type: "accepted", jobId: "", nowMs: NOW },
  finished: { type: "finished", nowMs: NOW },
  postponed: { type: "postponed", reason: "because" },
  upload_failed: { type: "upload_failed", ...why },
  too_old: { type: "too_old", reason: "because" },
  rejected: { type: "rejected", reason: "because" },
  job_failed: { type: "job_failed", ...why },
  job_postponed: { type: "job_postponed", reason: "because" },
  job_lost: { type: "job_lost", ...why, fileExists: false },
  "job_lost with its file": { type: "job_lost", ...why, fileExists: true },
  unusable: { type: "unusable", ...why },
  overdue: { type: "overdue" },
  file_missing: { type: "file_missing" },
  uncovered: { type: "uncovered" },
  retry: { type: "retry" },
  network_returned: { type: "network_returned" },
};

const unchanged: Readonly<Record<EventName, Expected>> = {
  sealed: "unchanged",
  "sealed, delivered": "unchanged",
  delivered: "unchanged",
  batched: "unchanged",
  accepted: "unchanged",
  "accepted without a job": "unchanged",
  finished: "unchanged",
  postponed: "unchanged",
  upload_failed: "unchanged",
  too_old: "unchanged",
  rejected: "unchanged",
  job_failed: "unchanged",
  job_postponed: "unchanged",
  job_lost: "unchanged",
  "job_lost with its file": "unchanged",
  unusable: "unchanged",
  overdue: "unchanged",
  file_missing: "unchanged",
  uncovered: "unchanged",
  retry: "unchanged",
  network_returned: "unchanged",
};

const TABLE: Readonly<Record<RecordingStatus, Readonly<Record<EventName, Expected>>>> = {
  in_progress: { ...unchanged, sealed: "miss", "sealed, delivered": "synced", file_missing: "corrupted" },
  miss: {
    sealed: "unchanged",
    "sealed, delivered": "unchanged",
    delivered: "synced",
    batched: "miss",
    accepted: "uploaded",
    "accepted without a job": "unchanged",
    finished: "synced",
    postponed: "miss",
    upload_failed: "miss, attempt spent",
    too_old: "outside_recovery_window",
    rejected: "upload_rejected",
    // Answers about a job that is not the recording's any more come late.
    job_failed: "unchanged",
    job_postponed: "unchanged",
    job_lost: "unchanged",
    "job_lost with its file": "unchanged",
    unusable: "unchanged",
    overdue: "unchanged",
    file_missing: "corrupted",
    uncovered: "unchanged",
    retry: "miss, fresh",
    network_returned: "unchanged",
  },
  uploaded: {
    sealed: "unchanged",
    "sealed, delivered": "unchanged",
    delivered: "unchanged",
    batched: "unchanged",
    accepted: "unchanged",
    "accepted without a job": "unchanged",
    finished: "synced",
    postponed: "unchanged",
    upload_failed: "unchanged",
    too_old: "unchanged",
    rejected: "unchanged",
    job_failed: "miss, attempt spent",
    job_postponed: "miss",
    job_lost: "corrupted",
    "job_lost with its file": "miss, attempt spent",
    unusable: "unsupported_audio",
    overdue: "miss",
    file_missing: "unchanged",
    uncovered: "unchanged",
    retry: "unchanged",
    network_returned: "unchanged",
  },
  // The server itself confirmed this one; see below for one that live acknowledgement alone freed.
  synced: unchanged,
  corrupted: unchanged,
  outside_recovery_window: unchanged,
  unsupported_audio: unchanged,
  upload_rejected: { ...unchanged, retry: "miss, fresh" },
};

/** States of the same status that what is behind them makes different. */
type Special = "given up" | "freed live";
const SPECIAL: Readonly<
  Record<Special, { readonly state: RecordingState; readonly row: Readonly<Record<EventName, Expected>> }>
> = {
  "given up": {
    state: recording("miss", { attempts: MAX_AUTOMATIC_ATTEMPTS }),
    row: { ...TABLE.miss, network_returned: "miss, fresh" },
  },
  "freed live": {
    state: recording("synced", { attempts: 0, lastAttemptAtMs: 0, uploadedAtMs: 0, syncedAtMs: 0 }),
    row: { ...unchanged, uncovered: "miss" },
  },
};

function said(before: RecordingState, after: RecordingState): Expected {
  if (after === before) return "unchanged";
  if (after.attempts === before.attempts + 1) return `${after.status}, attempt spent`;
  if (after.attempts === before.attempts) return after.status;
  expect(after).toMatchObject({ attempts: 0, lastAttemptAtMs: 0, reason: null });
  return `${after.status}, fresh`;
}

function checkRow(name: string, state: RecordingState, row: Readonly<Record<EventName, Expected>>): void {
  for (const [event, expected] of Object.entries(row)) {
    it(`${name} + ${event} → ${expected}`, () => {
      expect(said(state, stepRecording(state, EVENTS[event as EventName]))).toBe(expected);
    });
  }
}

describe("stepRecording", () => {
  for (const status of RECORDING_STATUSES) checkRow(status, recording(status), TABLE[status]);
  for (const [name, { state, row }] of Object.entries(SPECIAL)) checkRow(`${state.status}, ${name}`, state, row);
});

describe("what the statuses are", () => {
  const FINAL: Readonly<Record<RecordingStatus, boolean>> = {
    in_progress: false,
    miss: false,
    uploaded: false,
    synced: false,
    corrupted: true,
    outside_recovery_window: true,
    unsupported_audio: true,
    upload_rejected: true,
  };

  it("lists every status once", () => {
    expect([...RECORDING_STATUSES].sort()).toEqual(Object.keys(TABLE).sort());
  });

  it.each(RECORDING_STATUSES)("%s is final or not, and due only as a miss", (status) => {
    expect(isFinalRecording(status)).toBe(FINAL[status]);
    for (const attempts of [0, 1, MAX_AUTOMATIC_ATTEMPTS - 1]) {
      expect(isDue(recording(status, { attempts }))).toBe(status === "miss");
    }
    expect(isDue(recording(status, { attempts: MAX_AUTOMATIC_ATTEMPTS }))).toBe(false);
    expect(isDue(recording(status, { attempts: MAX_AUTOMATIC_ATTEMPTS + 1 }))).toBe(false);
  });

  it("gives up after three failures (reference client-sync 3.4.1)", () => {
    let state = recording("miss", { attempts: 0, lastAttemptAtMs: 0, reason: null });
    const due: boolean[] = [];
    for (let failure = 0; failure < 4; failure += 1) {
      due.push(isDue(state));
      state = stepRecording(state, EVENTS.upload_failed);
    }
    expect(due).toEqual([true, true, true, false]);
  });
});
