/** Every documented answer to an upload as a row (reference client-sync 4.4, 5.3, 5.4, offline-sync 3.3 to 3.5), and any other. */
import { FAILURE_CLASSES } from "@holdfast/contract";
import { TOO_OLD, type UploadAnswer, type UploadOutcome, uploadOutcome } from "@holdfast/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

type Row = readonly [
  name: string,
  answer: Partial<UploadAnswer> & { readonly status: number },
  expected: UploadOutcome,
];

const PAGE = "<html><body>502 Bad Gateway</body></html>";
const detail = { detail: "some words" };
const done = {
  new_memories: ["c1", "c2"],
  updated_memories: ["c3"],
  failed_segments: 0,
  total_segments: 4,
  errors: [],
};
const queued = { job_id: "j", status: "queued", total_files: 1, total_segments: 0, poll_after_ms: 3_000 };

const TAKEN: readonly Row[] = [
  ["202 queued", { status: 202, body: queued }, { type: "accepted", jobId: "j", pollAfterMs: 3_000 }],
  [
    "202 of what is done already",
    { status: 202, body: { ...queued, status: "completed", poll_after_ms: 0 } },
    { type: "accepted", jobId: "j", pollAfterMs: 0 },
  ],
  ["202 without a hint", { status: 202, body: { job_id: "j" } }, { type: "accepted", jobId: "j", pollAfterMs: null }],
  [
    "202 without a job",
    { status: 202, body: { ...queued, job_id: "" } },
    { type: "unknown", reason: "job_id_missing" },
  ],
  ["202 whose job is a number", { status: 202, body: { job_id: 7 } }, { type: "unknown", reason: "job_id_missing" }],
  ["202 with a page", { status: 202, body: PAGE }, { type: "unknown", reason: "job_id_missing" }],
  ["200", { status: 200, body: done }, { type: "finished", created: ["c1", "c2"], updated: ["c3"] }],
  [
    "200 of silence",
    { status: 200, body: { new_memories: [], updated_memories: [] } },
    { type: "finished", created: [], updated: [] },
  ],
  [
    "200 that names conversations twice",
    { status: 200, body: { new_memories: ["c1", "c1", ""], updated_memories: ["c1", "c2", "c2", 7] } },
    { type: "finished", created: ["c1"], updated: ["c2"] },
  ],
  [
    "200 with failed segments",
    { status: 200, body: { ...done, failed_segments: 1 } },
    { type: "partial", reason: "failed_segments" },
  ],
  ["200 with a page (D11)", { status: 200, body: PAGE }, { type: "unknown", reason: "bad_answer" }],
  ["200 with nothing", { status: 200, body: undefined }, { type: "unknown", reason: "bad_answer" }],
  ["200 of something else", { status: 200, body: { ok: true } }, { type: "unknown", reason: "bad_answer" }],
  ["200 with a list", { status: 200, body: [done] }, { type: "unknown", reason: "bad_answer" }],
  ["200 with half of it", { status: 200, body: { new_memories: ["c1"] } }, { type: "unknown", reason: "bad_answer" }],
];

const REFUSED: readonly Row[] = [
  ["400", { status: 400, body: detail }, { type: "rejected", reason: "http_400" }],
  ["400 of ours", { status: 400, body: { code: "mixed_upload" } }, { type: "rejected", reason: "mixed_upload" }],
  ["403", { status: 403, body: detail }, { type: "rejected", reason: "http_403" }],
  ["403 that is a page", { status: 403, body: undefined }, { type: "unknown", reason: "http_403" }],
  [
    "403 about this recording",
    { status: 403, body: { code: "job_forbidden", class: "auth", scope: "item" } },
    { type: "rejected", reason: "job_forbidden" },
  ],
  ["413", { status: 413, body: detail }, { type: "rejected", reason: "http_413" }],
  ["413 with a page", { status: 413, body: PAGE }, { type: "rejected", reason: "http_413" }],
  [
    "415 of a sound file that nobody can read",
    { status: 415, body: { code: "unsupported_audio", class: "permanent_input" } },
    { type: "rejected", reason: "unsupported_audio" },
  ],
  ["415 of something else", { status: 415, body: detail }, { type: "unknown", reason: "http_415" }],
  [
    "422 for age",
    { status: 422, body: { code: TOO_OLD, detail: "x", lane: "backfill" } },
    { type: "too_old", reason: "backfill_lookback_exceeded" },
  ],
  [
    "422 for another reason",
    { status: 422, body: { code: "capture_manifest_mismatch" } },
    { type: "unknown", reason: "capture_manifest_mismatch" },
  ],
  [
    "422 of the framework",
    { status: 422, body: { detail: [{ loc: ["body"] }] } },
    { type: "unknown", reason: "http_422" },
  ],
  ["422 in words alone", { status: 422, body: { detail: TOO_OLD } }, { type: "unknown", reason: "http_422" }],
  ["401", { status: 401, body: undefined }, { type: "signed_out", reason: "http_401" }],
  ["401 of ours", { status: 401, body: { code: "unauthorized" } }, { type: "signed_out", reason: "unauthorized" }],
  [
    "403 about the sign-in",
    { status: 403, body: { code: "forbidden", class: "auth", scope: "account" } },
    { type: "signed_out", reason: "forbidden" },
  ],
];

const fair = { limitReason: "fair_use", retryAfterMs: 60_000 } as const;
const wait = (retryAfterMs: number | null) => ({ type: "limited", reason: "backend_busy", retryAfterMs }) as const;

const POSTPONED: readonly Row[] = [
  ["429 for fair use", { status: 429, ...fair }, { type: "limited", reason: "fair_use", retryAfterMs: 60_000 }],
  ["429 of an old server, without headers", { status: 429, body: detail }, wait(null)],
  ["429 that says fair use in its body alone", { status: 429, body: { code: "fair_use_restricted" } }, wait(null)],
  ["429 paced", { status: 429, limitReason: "backfill_paced", retryAfterMs: 30_000 }, wait(30_000)],
  ["429 for a reason of tomorrow", { status: 429, limitReason: "moon", retryAfterMs: 1 }, wait(1)],
  ["503 full", { status: 503, limitReason: "backfill_capacity", retryAfterMs: 3_600_000 }, wait(3_600_000)],
  ["503 for fair use", { status: 503, ...fair }, { type: "limited", reason: "fair_use", retryAfterMs: 60_000 }],
  ["503 for a reason of tomorrow", { status: 503, limitReason: "moon" }, wait(null)],
  [
    "503 of a cut-over, which is not the account's",
    { status: 503, retryAfterMs: 60_000, body: { code: "sync_ledger_fence_cutover" } },
    { type: "unavailable", reason: "sync_ledger_fence_cutover", retryAfterMs: 60_000 },
  ],
  ["503 with a page", { status: 503, body: PAGE }, { type: "unavailable", reason: "http_503", retryAfterMs: null }],
  ["500", { status: 500, body: detail }, { type: "unavailable", reason: "http_500", retryAfterMs: null }],
  ["502", { status: 502, body: PAGE }, { type: "unavailable", reason: "http_502", retryAfterMs: null }],
  ["504", { status: 504, retryAfterMs: 5 }, { type: "unavailable", reason: "http_504", retryAfterMs: 5 }],
  ["408", { status: 408 }, { type: "unavailable", reason: "http_408", retryAfterMs: null }],
  [
    "409 while another has it",
    { status: 409, retryAfterMs: 10_000, body: { code: "sync_content_in_progress" } },
    { type: "unavailable", reason: "sync_content_in_progress", retryAfterMs: 10_000 },
  ],
  ["409 without a time", { status: 409, body: detail }, { type: "unknown", reason: "http_409" }],
  ["207", { status: 207, body: { ...done, failed_segments: 1 } }, { type: "unknown", reason: "http_207" }],
  ["302 to somebody's sign-in page", { status: 302, body: PAGE }, { type: "unknown", reason: "http_302" }],
  ["402", { status: 402, body: detail }, { type: "unknown", reason: "http_402" }],
  ["404 of a server without the route", { status: 404, body: detail }, { type: "unknown", reason: "http_404" }],
  [
    "a status of tomorrow",
    { status: 451, body: { code: "gone_fishing" } },
    { type: "unknown", reason: "gone_fishing" },
  ],
];

const answer = (over: Partial<UploadAnswer> & { readonly status: number }): UploadAnswer => ({
  ...{ limitReason: null, retryAfterMs: null, body: undefined },
  ...over,
});

describe("uploadOutcome", () => {
  for (const rows of [TAKEN, REFUSED, POSTPONED]) {
    it.each(rows)("%s", (_, given, expected) => expect(uploadOutcome(answer(given))).toEqual(expected));
  }
});

/** Whether an answer of this kind may cost a recording an attempt (law L4). */
const MAY_SPEND: Readonly<Record<UploadOutcome["type"], boolean>> = {
  accepted: false,
  finished: false,
  partial: true,
  limited: false,
  too_old: false,
  rejected: false,
  signed_out: false,
  unavailable: false,
  unknown: false,
};
/** Whether nothing will be tried again by itself. */
const ENDS: readonly UploadOutcome["type"][] = ["too_old", "rejected"];

const statuses = fc.oneof(
  fc.constantFrom(200, 202, 207, 400, 401, 403, 404, 408, 409, 413, 415, 422, 429, 500, 502, 503, 504),
  fc.integer({ min: -1, max: 1_000 }),
);
const someFields = fc.record(
  {
    code: fc.constantFrom<unknown>(TOO_OLD, "fair_use_restricted", "", 7, null),
    class: fc.constantFrom<unknown>(...FAILURE_CLASSES, "moon", 1),
    scope: fc.constantFrom<unknown>("item", "account", "service", null),
    job_id: fc.constantFrom<unknown>("j", "", 7, null),
    poll_after_ms: fc.oneof(fc.double(), fc.string()),
    failed_segments: fc.constantFrom<unknown>(0, 1, -1, "1", null, Number.NaN),
    new_memories: fc.oneof(fc.array(fc.anything()), fc.jsonValue()),
    updated_memories: fc.oneof(fc.array(fc.anything()), fc.jsonValue()),
  },
  { requiredKeys: [] },
);
const answers: fc.Arbitrary<UploadAnswer> = fc.record({
  status: statuses,
  limitReason: fc.option(fc.oneof(fc.constantFrom("fair_use", "backfill_capacity", ""), fc.string())),
  retryAfterMs: fc.option(fc.integer()),
  body: fc.oneof(someFields, fc.jsonValue(), fc.string(), fc.constant(undefined)),
});

describe("any answer at all", () => {
  it("means something, and never throws", () => {
    fc.assert(
      fc.property(answers, (given) => {
        const outcome = uploadOutcome(given);
        expect(Object.keys(MAY_SPEND)).toContain(outcome.type);
        if ("reason" in outcome) expect(outcome.reason).not.toBe("");
        if (outcome.type === "accepted") expect(outcome.jobId).not.toBe("");
        if (outcome.type === "finished")
          expect(outcome.updated.filter((id) => outcome.created.includes(id))).toEqual([]);
      }),
      { numRuns: 2_000 },
    );
  });

  it("is no failure of the content, and no end, where the server is busy, away or wants a sign-in", () => {
    const away = answers.filter(({ status }) => [401, 408, 429].includes(status) || status >= 500);
    fc.assert(
      fc.property(away, (given) => {
        const { type } = uploadOutcome(given);
        expect([MAY_SPEND[type], ENDS.includes(type)]).toEqual([false, false]);
        expect(["accepted", "finished"]).not.toContain(type);
      }),
      { numRuns: 1_000 },
    );
  });

  it("spends nothing and ends nothing where our own classes say that it is not about the recording", () => {
    const classes = fc.constantFrom("throttle", "capacity", "transport", "auth");
    fc.assert(
      fc.property(answers, classes, (given, failure) => {
        // These speak of the recording by their status; a 403 only where it is not about the sign-in.
        if ([400, 413].includes(given.status) || (given.status === 403 && failure !== "auth")) return;
        const { type } = uploadOutcome({ ...given, body: { class: failure, scope: "account" } });
        expect([MAY_SPEND[type], ENDS.includes(type)]).toEqual([false, false]);
      }),
    );
  });

  it("frees bytes only where it says that it is done, and has them only with a job (law L8)", () => {
    fc.assert(
      fc.property(answers, (given) => {
        const { type } = uploadOutcome(given);
        if (type === "finished") expect(given.status).toBe(200);
        if (type === "accepted") expect(given.status).toBe(202);
      }),
      { numRuns: 1_000 },
    );
  });
});
