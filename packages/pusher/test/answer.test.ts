/** The bodies of 201, word for word as reference listen-and-pusher 5.2 has them. */
import { ProcessRequest, ProcessResult } from "@holdfast/contract";
import { JOB_STATES, type JobState } from "@holdfast/core";
import type { Job } from "@holdfast/store";
import { describe, expect, it } from "vitest";
import { answerAfter, answerBefore, isJobId } from "../src/process/answer.ts";

const JOB: Job = {
  userId: "u1",
  id: "5f0c8a52-7c62-5b0e-9a3c-1d2b3c4d5e6f",
  kind: "finalization",
  state: "queued",
  conversationId: "c1",
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
  dueMs: 0,
  createdMs: 0,
  startedMs: null,
  completedMs: null,
  audioSeconds: 0,
};
const request = (over: Partial<ProcessRequest> = {}) =>
  ProcessRequest.parse({ conversation_id: "c1", finalization_job_id: JOB.id, dispatch_generation: 1, ...over });
const said = (body: object) => ({ conversation_id: "c1", ...body });

const AFTER: Record<JobState, object> = {
  queued: { error: "processing_failed" },
  leased: { error: "job_leased" },
  completed: { success: true },
  partial_failure: { success: true },
  failed: { error: "job_dead_letter", terminal: true },
  dead_letter: { error: "job_dead_letter", terminal: true },
  blocked: { error: "processing_failed" },
};
const BEFORE: Record<JobState, object | undefined> = {
  queued: undefined,
  leased: undefined,
  completed: { success: true },
  partial_failure: { success: true },
  failed: { error: "job_dead_letter", terminal: true },
  dead_letter: { error: "job_dead_letter", terminal: true },
  blocked: { error: "job_not_actionable" },
};

describe("answers by the state of the job", () => {
  it.each(JOB_STATES)("%s", (state) => {
    const before = BEFORE[state];
    expect(answerBefore(request(), { ...JOB, state })).toEqual(before === undefined ? undefined : said(before));
    expect(answerAfter("c1", { ...JOB, state })).toEqual(said(AFTER[state]));
    expect(ProcessResult.parse(answerAfter("c1", { ...JOB, state }))).toEqual(said(AFTER[state]));
  });

  it("tells fenced from done", () => {
    const fenced: Job = { ...JOB, state: "completed", result: { fenced: true } };
    expect(answerBefore(request(), fenced)).toEqual(said({ fenced: true }));
    expect(answerAfter("c1", fenced)).toEqual(said({ fenced: true }));
  });
});

describe("answers by the request", () => {
  it("needs the fields of a durable job", () => {
    const bare = ProcessRequest.parse({ conversation_id: "c1" });
    expect(answerBefore(bare, JOB)).toEqual(said({ error: "durable_job_required" }));
    expect(answerBefore({ ...bare, finalization_job_id: JOB.id }, JOB)).toEqual(
      said({ error: "durable_job_required" }),
    );
    expect(answerBefore({ ...bare, dispatch_generation: 1 }, JOB)).toEqual(said({ error: "durable_job_required" }));
  });

  it("knows missing, foreign and outdated jobs", () => {
    expect(answerBefore(request(), undefined)).toEqual(said({ error: "job_missing" }));
    expect(answerAfter("c1", undefined)).toEqual(said({ error: "job_missing" }));
    expect(answerBefore(request(), { ...JOB, conversationId: "c2" })).toEqual(said({ error: "job_identity_mismatch" }));
    expect(answerBefore(request(), { ...JOB, kind: "sync" })).toEqual(said({ error: "job_identity_mismatch" }));
    expect(answerBefore(request(), { ...JOB, generation: 3 })).toEqual(
      said({ error: "job_stale_generation", dispatch_generation: 1 }),
    );
  });

  it("takes only UUIDs for job ids", () => {
    expect(isJobId(JOB.id)).toBe(true);
    expect(isJobId("'; drop table jobs; --")).toBe(false);
    expect(isJobId("")).toBe(false);
  });
});
