/** What a step leaves in the other fields of a recording, transition by transition (reference client-sync 3.3). */
import { NEW_RECORDING, type RecordingEvent, type RecordingState, stepRecording } from "@holdfast/core";
import { describe, expect, it } from "vitest";
import { CONFIRMED_AT, FAILED_AT, recording, TAKEN_AT } from "./states.ts";

const NOW = 9_000;

/** The fields that the event changed, with what they are now. */
function changes(state: RecordingState, event: RecordingEvent): Partial<RecordingState> {
  const before: Readonly<Record<string, unknown>> = { ...state };
  return Object.fromEntries(
    Object.entries(stepRecording(state, event)).filter(([name, value]) => before[name] !== value),
  );
}

const wholeMiss = recording("miss", { attempts: 0, lastAttemptAtMs: 0, reason: null });

describe("capture", () => {
  it("begins with nothing behind it", () => {
    expect(NEW_RECORDING).toEqual({
      ...{ status: "in_progress", attempts: 0, lastAttemptAtMs: 0, jobId: null },
      ...{ uploadedAtMs: 0, syncedAtMs: 0, batchId: null, reason: null },
    });
  });

  it("T1: what was not all acknowledged is a miss, and nothing else is known of it", () => {
    expect(changes(NEW_RECORDING, { type: "sealed", delivered: false })).toEqual({ status: "miss" });
  });

  it("T2: what was acknowledged to the last frame is synced, without a time of confirmation", () => {
    expect(changes(NEW_RECORDING, { type: "sealed", delivered: true })).toEqual({ status: "synced" });
    expect(changes(recording("miss"), { type: "delivered" })).toEqual({ status: "synced", reason: null });
  });
});

describe("upload", () => {
  it("remembers its batch until its content was judged", () => {
    const batched = stepRecording(recording("miss"), { type: "batched", batchId: "b" });
    const taken = stepRecording(batched, { type: "accepted", jobId: "job-2", nowMs: NOW });
    const why = { reason: "because", nowMs: NOW };
    const keeping: readonly (readonly [RecordingState, RecordingEvent])[] = [
      [batched, { type: "postponed", reason: "offline" }],
      [batched, { type: "network_returned" }],
      [batched, { type: "retry" }],
      [taken, { type: "overdue" }],
      [taken, { type: "job_postponed", reason: "busy" }],
      [taken, { type: "job_lost", ...why, fileExists: true }],
    ];
    for (const [state, event] of keeping) expect(stepRecording(state, event)).toMatchObject({ batchId: "b" });
    const ending: readonly (readonly [RecordingState, RecordingEvent])[] = [
      [batched, { type: "delivered" }],
      [batched, { type: "finished", nowMs: NOW }],
      [batched, { type: "upload_failed", ...why }],
      [batched, { type: "too_old", reason: "because" }],
      [batched, { type: "rejected", reason: "because" }],
      [batched, { type: "file_missing" }],
      [taken, { type: "finished", nowMs: NOW }],
      [taken, { type: "job_failed", ...why }],
      [taken, { type: "unusable", ...why }],
    ];
    for (const [state, event] of ending) expect(stepRecording(state, event)).toMatchObject({ batchId: null });
  });

  it("T4: done at once; the attempts stay as they were", () => {
    expect(changes(recording("miss"), { type: "finished", nowMs: NOW })).toEqual({
      ...{ status: "synced", syncedAtMs: NOW, reason: null },
    });
  });

  it("T5: taken, with the job to ask after", () => {
    expect(changes(recording("miss"), { type: "accepted", jobId: "job-2", nowMs: NOW })).toEqual({
      ...{ status: "uploaded", jobId: "job-2", uploadedAtMs: NOW, reason: null },
    });
  });

  it("T6, T9: being told to wait leaves a reason and nothing else", () => {
    expect(changes(recording("miss"), { type: "postponed", reason: "fair_use" })).toEqual({ reason: "fair_use" });
  });

  it("is the same object where the same reason comes again", () => {
    const waiting = recording("miss", { reason: "fair_use" });
    expect(stepRecording(waiting, { type: "postponed", reason: "fair_use" })).toBe(waiting);
  });

  it("T8: a failure of the content spends an attempt and says when", () => {
    const event = { type: "upload_failed", reason: "failed_segments", nowMs: NOW } as const;
    expect(changes(recording("miss"), event)).toEqual({
      ...{ attempts: 2, lastAttemptAtMs: NOW, reason: "failed_segments" },
    });
  });

  it("T10: without its file there is nothing to send", () => {
    expect(changes(recording("miss"), { type: "file_missing" })).toEqual({
      ...{ status: "corrupted", reason: "file_missing" },
    });
    expect(changes(NEW_RECORDING, { type: "file_missing" })).toEqual({ status: "corrupted", reason: "file_missing" });
  });

  it("T18, T19: refusals for good keep the file, the attempts and the reason", () => {
    const old = "backfill_lookback_exceeded";
    expect(changes(recording("miss"), { type: "too_old", reason: old })).toEqual({
      ...{ status: "outside_recovery_window", reason: old },
    });
    expect(changes(recording("miss"), { type: "rejected", reason: "http_413" })).toEqual({
      ...{ status: "upload_rejected", reason: "http_413" },
    });
  });
});

describe("the job", () => {
  const back = { status: "miss", jobId: null, uploadedAtMs: 0 } as const;

  it("T11: completed", () => {
    expect(changes(recording("uploaded"), { type: "finished", nowMs: NOW })).toEqual({
      ...{ status: "synced", jobId: null, syncedAtMs: NOW },
    });
  });

  it("T12: lost while the file is here spends an attempt", () => {
    const event = { type: "job_lost", reason: "job_http_404", nowMs: NOW, fileExists: true } as const;
    expect(changes(recording("uploaded"), event)).toEqual({
      ...{ ...back, attempts: 2, lastAttemptAtMs: NOW, reason: "job_http_404" },
    });
  });

  it("T13: lost with the file gone is the end, and costs nothing", () => {
    const event = { type: "job_lost", reason: "job_http_404", nowMs: NOW, fileExists: false } as const;
    expect(changes(recording("uploaded"), event)).toEqual({
      ...{ status: "corrupted", jobId: null, reason: "file_missing" },
    });
  });

  it("T14: failed by its content spends an attempt", () => {
    const event = { type: "job_failed", reason: "sync_decode_failed", nowMs: NOW } as const;
    expect(changes(recording("uploaded"), event)).toEqual({
      ...{ ...back, attempts: 2, lastAttemptAtMs: NOW, reason: "sync_decode_failed" },
    });
  });

  it("T15: the server had no time; nobody's fault", () => {
    expect(changes(recording("uploaded"), { type: "job_postponed", reason: "backfill_paced" })).toEqual({
      ...{ ...back, reason: "backfill_paced" },
    });
  });

  it("T17: unusable sound keeps its attempts and says when", () => {
    const event = { type: "unusable", reason: "sync_invalid_audio", nowMs: NOW } as const;
    expect(changes(recording("uploaded"), event)).toEqual({
      ...{ status: "unsupported_audio", jobId: null, lastAttemptAtMs: NOW, reason: "sync_invalid_audio" },
    });
  });

  it("D5: nobody knows what became of it; the bytes go again without an attempt", () => {
    expect(changes(recording("uploaded"), { type: "overdue" })).toEqual({ ...back, reason: "job_overdue" });
  });
});

describe("afterwards", () => {
  it("T21: what live acknowledgement freed comes back where the transcript does not hold it", () => {
    const freed = stepRecording(wholeMiss, { type: "delivered" });
    expect(changes(freed, { type: "uncovered" })).toEqual({ status: "miss", reason: "transcript_gap" });
  });

  it("never asks again for what the server itself confirmed", () => {
    const confirmed = recording("synced");
    expect(confirmed.syncedAtMs).toBe(CONFIRMED_AT);
    expect(stepRecording(confirmed, { type: "uncovered" })).toBe(confirmed);
  });

  it("a person who asks for a rejected recording begins from nothing", () => {
    expect(stepRecording(recording("upload_rejected"), { type: "retry" })).toEqual(wholeMiss);
    expect(stepRecording(recording("miss"), { type: "retry" })).toEqual(wholeMiss);
    expect(stepRecording(wholeMiss, { type: "retry" })).toBe(wholeMiss);
  });

  it("the network gives back the attempts of those that gave up, and of no others", () => {
    const returned = { type: "network_returned" } as const;
    expect(changes(recording("miss", { attempts: 2 }), returned)).toEqual({});
    expect(stepRecording(recording("miss", { attempts: 3 }), returned)).toEqual(wholeMiss);
    expect(stepRecording(recording("miss", { attempts: 7 }), returned)).toEqual(wholeMiss);
    expect(changes(recording("uploaded", { attempts: 3 }), returned)).toEqual({});
    expect(changes(recording("upload_rejected", { attempts: 3 }), returned)).toEqual({});
  });

  it("keeps when it failed and when it was taken through what follows", () => {
    const uploaded = recording("uploaded");
    expect(uploaded).toMatchObject({ lastAttemptAtMs: FAILED_AT, uploadedAtMs: TAKEN_AT });
    expect(stepRecording(uploaded, { type: "finished", nowMs: NOW })).toMatchObject({
      ...{ attempts: 1, lastAttemptAtMs: FAILED_AT, uploadedAtMs: TAKEN_AT },
    });
  });
});
