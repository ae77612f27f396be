/** Every documented answer about a job as a row (reference client-sync 6.2, 6.3, offline-sync 4.2 to 4.5), and any other. */
import { type FailedJob, type JobOutcome, type JobReply, jobOutcome } from "@holdfast/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

type Row = readonly [name: string, reply: Partial<JobReply> & { readonly status: number | null }, expected: JobOutcome];

const PAGE = "<html><body>not here</body></html>";
const STALE = "Job timed out (background worker likely died)";

/** A body as the server sends it; numbers at the top unless told. */
const job = (status: string, over: Readonly<Record<string, unknown>> = {}) => ({
  ...{ job_id: "j", status, total_segments: 0, processed_segments: 0, successful_segments: 0, failed_segments: 0 },
  ...over,
});
const result = (over: Readonly<Record<string, unknown>> = {}) => ({
  ...{ new_memories: ["c1"], updated_memories: ["c2"], failed_segments: 0, total_segments: 3, errors: [] },
  ...over,
});
const failedJob = (over: Partial<FailedJob> = {}): FailedJob => ({
  ...{ serverStatus: "failed", serverError: null, failedSegments: 0, totalSegments: 0 },
  ...over,
});

const progress = { serverStatus: "queued", processedSegments: 0, totalSegments: 0, reason: null };
const GOING_ON: readonly Row[] = [
  ["queued", { status: 200, body: job("queued") }, { type: "waiting", retryAfterMs: null, ...progress }],
  [
    "queued for a reason, with a time",
    { status: 200, body: job("queued", { reason_code: "stt_paused", retry_after: 90 }), retryAfterMs: 5_000 },
    { type: "waiting", retryAfterMs: 90_000, ...progress, reason: "stt_paused" },
  ],
  [
    "queued with a time in the header",
    { status: 200, body: job("queued", { retry_after: 0 }), retryAfterMs: 5_000 },
    { type: "waiting", retryAfterMs: 5_000, ...progress },
  ],
  [
    "processing",
    { status: 200, body: job("processing", { total_segments: 12, processed_segments: 5 }) },
    {
      type: "waiting",
      retryAfterMs: null,
      ...progress,
      serverStatus: "processing",
      processedSegments: 5,
      totalSegments: 12,
    },
  ],
  [
    "a status of tomorrow",
    { status: 200, body: job("dreaming") },
    { type: "waiting", retryAfterMs: null, ...progress, serverStatus: "dreaming" },
  ],
  ["no answer", { status: null }, { type: "transient", reason: "no_answer" }],
  ["200 with a page", { status: 200, body: PAGE }, { type: "transient", reason: "http_200" }],
  ["200 without a status", { status: 200, body: { job_id: "j" } }, { type: "transient", reason: "http_200" }],
  ["204", { status: 204 }, { type: "transient", reason: "http_204" }],
  ["429", { status: 429, body: { detail: "x" } }, { type: "transient", reason: "http_429" }],
  ["500", { status: 500, body: job("failed") }, { type: "transient", reason: "http_500" }],
  ["503 while it is finalised", { status: 503, retryAfterMs: 10_000 }, { type: "transient", reason: "http_503" }],
  ["401", { status: 401 }, { type: "signed_out", reason: "http_401" }],
  ["401 of ours", { status: 401, body: { code: "unauthorized" } }, { type: "signed_out", reason: "unauthorized" }],
  [
    "403 about the sign-in",
    { status: 403, body: { code: "forbidden", class: "auth", scope: "account" } },
    { type: "signed_out", reason: "forbidden" },
  ],
  [
    "403 about the sign-in, without a code",
    { status: 403, body: { class: "auth", scope: "account" } },
    { type: "signed_out", reason: "http_403" },
  ],
];

const OVER: readonly Row[] = [
  ["404", { status: 404, body: { detail: "x" } }, { type: "not_found", reason: "job_http_404" }],
  ["403 of another's job", { status: 403, body: { detail: "x" } }, { type: "not_found", reason: "job_http_403" }],
  [
    "403 of ours about this job",
    { status: 403, body: { class: "auth", scope: "item" } },
    { type: "not_found", reason: "job_http_403" },
  ],
  [
    "completed",
    { status: 200, body: job("completed", { total_segments: 3, processed_segments: 3, result: result() }) },
    { type: "completed", created: ["c1"], updated: ["c2"] },
  ],
  ["completed, and silent", { status: 200, body: job("completed") }, { type: "completed", created: [], updated: [] }],
  [
    "completed, from the ledger",
    { status: 200, body: job("completed", { processed_segments: 3, result: result() }) },
    { type: "completed", created: ["c1"], updated: ["c2"] },
  ],
  [
    "completed, with conversations named twice",
    {
      status: 200,
      body: job("completed", { result: result({ new_memories: ["c1", "c1"], updated_memories: ["c1", "c2", "c2"] }) }),
    },
    { type: "completed", created: ["c1"], updated: ["c2"] },
  ],
];

const NOT_DONE: readonly Row[] = [
  [
    "completed, with failed segments (D11)",
    { status: 200, body: job("completed", { total_segments: 3, failed_segments: 1, result: result() }) },
    {
      ...{ type: "failed", reason: "failed_segments", created: ["c1"], updated: ["c2"] },
      ...failedJob({ serverStatus: "completed", failedSegments: 1, totalSegments: 3 }),
    },
  ],
  [
    "completed, with failed segments in the result alone",
    { status: 200, body: job("completed", { result: result({ failed_segments: 2 }) }) },
    {
      ...{ type: "failed", reason: "failed_segments", created: ["c1"], updated: ["c2"] },
      ...failedJob({ serverStatus: "completed", failedSegments: 2, totalSegments: 3 }),
    },
  ],
  [
    "partial failure",
    { status: 200, body: job("partial_failure", { total_segments: 3, failed_segments: 1, result: result() }) },
    {
      ...{ type: "failed", reason: "partial_failure", created: ["c1"], updated: ["c2"] },
      ...failedJob({ serverStatus: "partial_failure", failedSegments: 1, totalSegments: 3 }),
    },
  ],
  [
    "partial failure of nothing, which the stale guard never makes",
    { status: 200, body: job("partial_failure", { reason_code: "sync_corrupt_file" }) },
    {
      ...{ type: "failed", reason: "sync_corrupt_file", created: [], updated: [] },
      ...failedJob({ serverStatus: "partial_failure" }),
    },
  ],
  [
    "failed segments, of an old server",
    { status: 200, body: job("failed", { total_segments: 3, failed_segments: 3, error: "all 3 failed" }) },
    {
      ...{ type: "failed", reason: "failed", created: [], updated: [] },
      ...failedJob({ serverError: "all 3 failed", failedSegments: 3, totalSegments: 3 }),
    },
  ],
  [
    "failed segments, counted in the result alone",
    {
      status: 200,
      body: job("failed", { result: result({ new_memories: [], updated_memories: [], failed_segments: 3 }) }),
    },
    {
      ...{ type: "failed", reason: "failed", created: [], updated: [] },
      ...failedJob({ failedSegments: 3, totalSegments: 3 }),
    },
  ],
  [
    "failed for a reason, before any segment",
    { status: 200, body: job("failed", { error: "sync_vad_failed", reason_code: "sync_vad_failed" }) },
    {
      ...{ type: "failed", reason: "sync_vad_failed", created: [], updated: [] },
      ...failedJob({ serverError: "sync_vad_failed" }),
    },
  ],
  ...["sync_invalid_audio", "stt_invalid_input"].map(
    (code): Row => [
      `unusable: ${code}`,
      { status: 200, body: job("failed", { error: code, reason_code: code }) },
      { type: "unusable", reason: code, ...failedJob({ serverError: code }) },
    ],
  ),
];

const busy = (reason: string, retryAfterMs: number | null, serverError: string | null): JobOutcome => ({
  ...{ type: "busy", reason, retryAfterMs },
  ...failedJob({ serverError }),
});
/** Reasons of the server alone (reference offline-sync 4.5). */
const NOT_THE_SOUND = [
  ...["backfill_paced", "backfill_capacity", "sync_worker_stale", "sync_dispatch_lost", "sync_dispatch_staging_failed"],
  ...[
    "sync_backfill_dispatch_unavailable",
    "sync_sequencer_registration_failed",
    "sync_transcription_budget_exhausted",
  ],
  ...["sync_conversation_persistence_fenced", "destructive_operation_in_progress", "account_cutover"],
];
const BUSY: readonly Row[] = [
  [
    "the words of the stale guard",
    { status: 200, body: job("failed", { error: STALE }) },
    busy("stale_guard", null, STALE),
  ],
  [
    "the words of the stale guard, with segments",
    { status: 200, body: job("failed", { error: STALE, total_segments: 4 }) },
    { type: "busy", reason: "stale_guard", retryAfterMs: null, ...failedJob({ serverError: STALE, totalSegments: 4 }) },
  ],
  ["failed with zero segments and no reason", { status: 200, body: job("failed") }, busy("stale_guard", null, null)],
  ["failed with nothing else", { status: 200, body: { status: "failed" } }, busy("stale_guard", null, null)],
  [
    "paced, with its own time",
    {
      ...{ status: 200, retryAfterMs: 5_000 },
      body: job("failed", { error: "sync_backfill_paced", reason_code: "backfill_paced", retry_after: 3_600 }),
    },
    busy("backfill_paced", 3_600_000, "sync_backfill_paced"),
  ],
  [
    "full, with a time in the header",
    { status: 200, retryAfterMs: 5_000, body: job("failed", { reason_code: "backfill_capacity" }) },
    busy("backfill_capacity", 5_000, null),
  ],
  ...NOT_THE_SOUND.map(
    (code): Row => [code, { status: 200, body: job("failed", { reason_code: code }) }, busy(code, null, null)],
  ),
];

const reply = (over: Partial<JobReply> & { readonly status: number | null }): JobReply => ({
  ...{ retryAfterMs: null, body: undefined },
  ...over,
});

describe("jobOutcome", () => {
  for (const rows of [GOING_ON, OVER, NOT_DONE, BUSY]) {
    it.each(rows)("%s", (_, given, expected) => expect(jobOutcome(reply(given))).toEqual(expected));
  }
});

const TYPES: Readonly<Record<JobOutcome["type"], true>> = {
  completed: true,
  waiting: true,
  transient: true,
  signed_out: true,
  not_found: true,
  failed: true,
  busy: true,
  unusable: true,
};
const counts = fc.constantFrom<unknown>(0, 1, 3, -1, "3", null, undefined);
const lists = fc.oneof(fc.array(fc.constantFrom<unknown>("c1", "c2", "", 7)), fc.jsonValue());
const bodies = fc.record(
  {
    status: fc.constantFrom<unknown>(
      "queued",
      "processing",
      "completed",
      "partial_failure",
      "failed",
      "dreaming",
      "",
      7,
    ),
    total_segments: counts,
    failed_segments: counts,
    retry_after: counts,
    reason_code: fc.constantFrom<unknown>(...NOT_THE_SOUND, "sync_invalid_audio", "sync_decode_failed", "", 7, null),
    error: fc.constantFrom<unknown>(STALE, "sync_decode_failed", "", 7, null),
    result: fc.oneof(
      fc.record({ new_memories: lists, updated_memories: lists, failed_segments: counts }, { requiredKeys: [] }),
      fc.jsonValue(),
    ),
  },
  { requiredKeys: [] },
);
const replies: fc.Arbitrary<JobReply> = fc.record({
  status: fc.oneof(fc.constantFrom(null, 200, 200, 200, 401, 403, 404, 500, 503), fc.integer({ min: -1, max: 1_000 })),
  retryAfterMs: fc.option(fc.nat()),
  body: fc.oneof({ weight: 3, arbitrary: bodies }, fc.jsonValue(), fc.string(), fc.constant(undefined)),
});

describe("any reply at all", () => {
  it("means something, and never throws", () => {
    fc.assert(
      fc.property(replies, (given) => {
        const outcome = jobOutcome(given);
        expect(TYPES[outcome.type]).toBe(true);
        if (outcome.type === "waiting" || outcome.type === "busy") expect(outcome.retryAfterMs).not.toBeNaN();
        if (outcome.type === "completed" || outcome.type === "failed") {
          expect(new Set([...outcome.created, ...outcome.updated]).size).toBe(
            outcome.created.length + outcome.updated.length,
          );
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it("is no verdict about the job where the server did not give one", () => {
    const verdicts: readonly JobOutcome["type"][] = ["completed", "failed", "busy", "unusable", "waiting"];
    fc.assert(
      fc.property(replies, (given) => {
        if (given.status !== 200) expect(verdicts).not.toContain(jobOutcome(given).type);
      }),
      { numRuns: 1_000 },
    );
  });

  it("is completed only where nothing failed, in whatever place the server counts it (law L8)", () => {
    fc.assert(
      fc.property(fc.nat(3), fc.nat(3), (top, inside) => {
        const body = job("completed", { failed_segments: top, result: result({ failed_segments: inside }) });
        expect(jobOutcome(reply({ status: 200, body })).type).toBe(top + inside === 0 ? "completed" : "failed");
      }),
    );
  });

  it("is never a failure of the content for a reason of the server's own (law L4)", () => {
    fc.assert(
      fc.property(bodies, fc.constantFrom(...NOT_THE_SOUND), fc.option(fc.nat()), (body, code, retryAfterMs) => {
        const said = { ...body, status: "failed", reason_code: code };
        expect(jobOutcome({ status: 200, retryAfterMs, body: said }).type).toBe("busy");
      }),
    );
  });
});
