/** What a client sees of a job, for every state it can be in. */
import { SyncJobView } from "@holdfast/contract";
import { JOB_STATES, type JobState } from "@holdfast/core";
import type { Job } from "@holdfast/store";
import { describe, expect, it } from "vitest";
import { jobView } from "../src/uploads/job-view.ts";

const NOW = Date.UTC(2026, 5, 1);

function job(state: JobState, changes: Partial<Job> = {}): Job {
  return {
    userId: "alice",
    id: "00000000-0000-4000-8000-000000000001",
    kind: "sync",
    state,
    conversationId: null,
    lane: "fresh",
    payload: {},
    result: null,
    progress: null,
    stage: null,
    generation: 1,
    attempts: 0,
    tries: 0,
    lostLeases: 0,
    epoch: 0,
    reasonCode: null,
    lastError: null,
    dueMs: NOW,
    createdMs: NOW,
    startedMs: null,
    completedMs: null,
    audioSeconds: 0,
    ...changes,
  };
}

const RESULT = {
  new_memories: ["c1"],
  updated_memories: ["c2"],
  failed_segments: 1,
  total_segments: 3,
  errors: ["stt_timeout"],
};

describe("a job of recordings as clients see it", () => {
  it.each([
    ["queued", "queued"],
    ["blocked", "queued"],
    ["leased", "processing"],
    ["completed", "completed"],
    ["partial_failure", "partial_failure"],
    ["failed", "failed"],
    ["dead_letter", "failed"],
  ] as const)("shows %s as %s", (state, status) => {
    expect(jobView(job(state), NOW).status).toBe(status);
  });

  it.each(JOB_STATES)("has the declared shape in state %s", (state) => {
    const views = [
      job(state),
      job(state, { result: RESULT, progress: { total_segments: 2 }, reasonCode: "stt_timeout" }),
    ];
    for (const view of views) expect(SyncJobView.strict().parse(jobView(view, NOW))).toEqual(jobView(view, NOW));
  });

  it("shows progress while it runs and leaves success for the end", () => {
    const view = jobView(job("leased", { progress: { total_segments: 12, processed_segments: 5 } }), NOW);
    expect(view).toMatchObject({
      total_segments: 12,
      processed_segments: 5,
      successful_segments: 0,
      failed_segments: 0,
    });
    expect(view.result).toBeUndefined();
  });

  it("counts from the result at the end, whatever the progress said", () => {
    const view = jobView(job("partial_failure", { result: RESULT, progress: { total_segments: 99 } }), NOW);
    expect(view).toMatchObject({
      total_segments: 3,
      processed_segments: 3,
      successful_segments: 2,
      failed_segments: 1,
      result: RESULT,
    });
  });

  it("shows at most ten errors", () => {
    const errors = Array.from({ length: 30 }, (_, at) => `error ${at}`);
    const view = jobView(job("failed", { result: { ...RESULT, errors } }), NOW);
    expect(view.result?.errors).toEqual(errors.slice(0, 10));
  });

  it("names the reason of a failure twice, and has one even where the worker gave none", () => {
    const named = jobView(job("failed", { reasonCode: "sync_invalid_audio" }), NOW);
    expect(named).toMatchObject({ error: "sync_invalid_audio", reason_code: "sync_invalid_audio" });
    expect(jobView(job("dead_letter"), NOW)).toMatchObject({ error: "sync_failed", reason_code: "sync_failed" });
  });

  it("says why a waiting job waits and when it is tried again, and never calls that an error", () => {
    const view = jobView(job("queued", { reasonCode: "stt_unavailable", dueMs: NOW + 2_400 }), NOW);
    expect(view).toMatchObject({ status: "queued", reason_code: "stt_unavailable", retry_after: 3 });
    expect(view.error).toBeUndefined();
    expect(jobView(job("queued", { dueMs: NOW + 2_400 }), NOW).retry_after).toBeUndefined();
    expect(jobView(job("queued", { reasonCode: "x", dueMs: NOW - 1 }), NOW).retry_after).toBeUndefined();
  });

  it("leaves out what nobody knows", () => {
    expect(Object.keys(jobView(job("queued"), NOW)).sort()).toEqual([
      "failed_segments",
      "job_id",
      "lane",
      "processed_segments",
      "status",
      "successful_segments",
      "total_segments",
    ]);
    expect(jobView(job("queued", { payload: { recording_age_seconds: 5400 } }), NOW).recording_age_seconds).toBe(5400);
  });

  it("does not trust what is in the row to have the right types", () => {
    const view = jobView(
      job("completed", { result: { total_segments: "many", new_memories: [1, "c1"], errors: null } }),
      NOW,
    );
    expect(view.result).toEqual({
      new_memories: ["c1"],
      updated_memories: [],
      failed_segments: 0,
      total_segments: 0,
      errors: [],
    });
  });
});
