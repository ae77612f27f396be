/** How jobs are shown to a person. */
import type { Job } from "@holdfast/store";
import { describe, expect, test } from "vitest";
import { duration, jobPage, jobsTable, queueText, retryLine } from "../src/output/jobs-text.ts";

const NOW = Date.UTC(2026, 0, 2);

const job = (over: Partial<Job> = {}): Job => ({
  userId: "owner",
  id: "00000000-0000-4000-8000-000000000001",
  kind: "finalization",
  state: "dead_letter",
  conversationId: "c1",
  lane: "fresh",
  payload: { trigger: "stop" },
  result: null,
  progress: null,
  stage: null,
  generation: 2,
  attempts: 5,
  tries: 7,
  lostLeases: 1,
  epoch: 9,
  reasonCode: "worker_died",
  lastError: "the processes that worked on this ended without a word",
  dueMs: NOW,
  createdMs: NOW - 3_723_000,
  startedMs: NOW - 3_600_000,
  completedMs: null,
  audioSeconds: 0,
  ...over,
});

test.each([
  [0, "0 s"],
  [-5, "0 s"],
  [59_400, "59 s"],
  [60_000, "1 m"],
  [3_723_000, "1 h 2 m"],
  [90_061_000, "1 d 1 h"],
])("%i ms is %s", (ms, text) => {
  expect(duration(ms)).toBe(text);
});

describe("the table", () => {
  test("has a column under each title and no blanks at the end", () => {
    const later = job({ state: "queued", dueMs: NOW + 5_000, reasonCode: null, attempts: 0, createdMs: NOW - 1_000 });
    const [head = "", ...rows] = jobsTable([job(), later], NOW).split("\n");
    const at = (title: string): number => head.indexOf(title);
    expect(rows.map((row) => row.slice(at("STATE"), at("AGE")).trim())).toEqual(["dead_letter", "queued"]);
    expect(rows.map((row) => row.slice(at("AGE"), at("NEXT")).trim())).toEqual(["1 h 2 m", "1 s"]);
    expect(rows.map((row) => row.slice(at("NEXT"), at("ATTEMPTS")).trim())).toEqual(["", "in 5 s"]);
    expect(rows.map((row) => row.slice(at("WHY")))).toEqual(["worker_died", ""]);
    for (const row of rows) expect(row).toBe(row.trimEnd());
  });

  test("says when there is nothing", () => {
    expect(jobsTable([], NOW)).toBe("no jobs");
  });
});

test("a page of one job names what there is, and leaves out what there is not", () => {
  const page = jobPage(job({ payload: { trigger: "enrich" } }), NOW);
  expect(page).toContain("kind:         finalization (better summary)\n");
  expect(page).toContain("attempts:     5 spent, 7 failures of any kind, 1 leases lost in a row\n");
  expect(page).toContain("created:      2026-01-01T22:57:57.000Z (1 h 2 m ago)\n");
  expect(page).not.toMatch(/^(ended|due|progress|result|stage):/m);
});

test("each outcome of a retry is a sentence of its own", () => {
  const lines = [
    retryLine("x", { outcome: "queued", job: job({ generation: 3 }) }),
    retryLine("x", { outcome: "missing" }),
    retryLine("x", { outcome: "not_retryable", job: job({ state: "leased" }) }),
    retryLine("x", { outcome: "awaiting_repair", job: job() }),
    retryLine("x", { outcome: "superseded", job: job() }),
  ];
  expect(new Set(lines).size).toBe(5);
  expect(lines[0]).toBe("x: finalization is queued again, as generation 3");
  expect(lines[2]).toContain("is leased");
});

test("the queue says what waits, how long it needs, and whether anybody measured that", () => {
  const nothing = { waiting: 0, audioSeconds: 0, oldestMs: undefined };
  const backfill = { waiting: 12, audioSeconds: 7_200, oldestMs: NOW - 600_000 };
  const load = { fresh: nothing, backfill, running: 2, speed: 20, speedMeasuredMs: NOW };
  expect(queueText(load, NOW)).toBe(
    "fresh     nothing waits\n" +
      "backfill  12 wait, 2 h of sound, the oldest for 10 m; done in 3 m\n" +
      "in work   2, 40.0 s of sound a second (measured)",
  );
  expect(queueText({ ...load, speed: undefined }, NOW)).toContain("(a guess)");
});
