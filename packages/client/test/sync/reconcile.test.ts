import { describe, expect, test } from "vitest";
import type { Recording } from "../../src/log/recording.ts";
import { type Answer, accepted, completed, job } from "./scripted-server.ts";
import { HOUR, MINUTE, SECOND, type Stage, stage } from "./stage.ts";

function uploaded(answer: Answer | undefined | (() => Answer | undefined), facts: Partial<Recording> = {}): Stage {
  const made = stage(({ method }) => {
    if (method === "POST") return accepted("job-2");
    return typeof answer === "function" ? answer() : answer;
  });
  made.log.add("a", { status: "uploaded", jobId: "job-1", uploadedAtMs: made.clock.now() - MINUTE, ...facts });
  return made;
}

/** What one answer does to a recording with one attempt spent before, when nothing may be uploaded. */
const ROWS: readonly [string, Answer | undefined, object][] = [
  ["completed", completed(), { status: "synced", attempts: 1, jobId: null }],
  ["queued", job("queued"), { status: "uploaded", attempts: 1, jobId: "job-1" }],
  ["processing", job("processing"), { status: "uploaded", attempts: 1 }],
  ["a status of tomorrow", job("dreaming"), { status: "uploaded", attempts: 1 }],
  ["no answer", undefined, { status: "uploaded", attempts: 1 }],
  ["500", { status: 500 }, { status: "uploaded", attempts: 1 }],
  ["a page", { status: 200, body: "<html>" }, { status: "uploaded", attempts: 1 }],
  ["401", { status: 401 }, { status: "uploaded", attempts: 1 }],
  ["a 404 that is a page", { status: 404, body: "<html>" }, { status: "uploaded", attempts: 1 }],
  [
    "404",
    { status: 404, body: { detail: "Job not found" } },
    { status: "miss", attempts: 2, jobId: null, reason: "job_http_404" },
  ],
  ["403", { status: 403, body: { detail: "no" } }, { status: "miss", attempts: 2 }],
  ["partial_failure", job("partial_failure", { failed_segments: 1 }), { status: "miss", attempts: 2 }],
  ["failed", job("failed", { reason_code: "stt_failed" }), { status: "miss", attempts: 2, reason: "stt_failed" }],
  ["completed that admits failures", job("completed", { failed_segments: 1 }), { status: "miss", attempts: 2 }],
  [
    "failed, invalid audio",
    job("failed", { reason_code: "sync_invalid_audio" }),
    { status: "unsupported_audio", attempts: 1 },
  ],
  [
    "failed, invalid input",
    job("failed", { reason_code: "stt_invalid_input", total_segments: 0 }),
    { status: "unsupported_audio", attempts: 1 },
  ],
  [
    "failed, no room",
    job("failed", { reason_code: "backfill_capacity", retry_after: 900 }),
    { status: "miss", attempts: 1 },
  ],
  ["failed, paced", job("failed", { reason_code: "backfill_paced" }), { status: "miss", attempts: 1 }],
  [
    "failed with nothing in it",
    job("failed", { total_segments: 0 }),
    { status: "miss", attempts: 1, reason: "stale_guard" },
  ],
  [
    "failed by the stale guard",
    job("failed", { error: "Job timed out (background worker likely died)" }),
    { status: "miss", attempts: 1 },
  ],
];

describe("answers about a job", () => {
  test.each(ROWS)("%s", async (_, answer, expected) => {
    const { engine, log, clock } = uploaded(answer, { attempts: 1 });
    engine.automatic = false;
    engine.start();
    await clock.advance(0);
    expect(log.get("a")).toMatchObject(expected);
    expect(engine.explain("a")).not.toBeNull();
  });

  test("a server that had no time begins a pause, as long as it says or ten minutes", async () => {
    for (const [more, lengthMs] of [
      [{ retry_after: 900 }, 15 * MINUTE],
      [{}, 10 * MINUTE],
    ] as const) {
      const { engine, clock, server, named } = uploaded(job("failed", { reason_code: "backfill_paced", ...more }));
      engine.start();
      await clock.advance(0);
      expect(engine.status.limit).toEqual({ reason: "backend_busy", untilMs: clock.now() + lengthMs });
      expect(server.uploads).toHaveLength(0);
      expect(named("reconcile_revert")).toMatchObject([{ capacityLimited: true, retryCountBumped: false }]);
    }
  });

  test("all members of a job share its fate, and the log says for each what really happened", async () => {
    const { engine, log, clock, named } = uploaded(job("partial_failure", { failed_segments: 1, error: "one bad" }));
    log.add("b", { status: "uploaded", jobId: "job-1", attempts: 2 });
    engine.automatic = false;
    engine.start();
    await clock.advance(0);
    expect([log.get("a"), log.get("b")]).toMatchObject([
      { status: "miss", attempts: 1 },
      { status: "miss", attempts: 3 },
    ]);
    expect(named("reconcile_revert")).toMatchObject([
      { walId: "a", outcome: "partial_failure", serverError: "one bad", retryCount: 1, retryCountBumped: true },
      { walId: "b", outcome: "partial_failure", failedSegments: 1, totalSegments: 2, retryCount: 3 },
    ]);
  });

  test("a job that is gone is sent again while the bytes are here, and else is missing", async () => {
    const { engine, log, clock, named } = uploaded({ status: 404, body: { detail: "Job not found" } });
    log.add("b", { status: "uploaded", jobId: "job-1" });
    log.spoil("b");
    engine.automatic = false;
    engine.start();
    await clock.advance(0);
    expect([log.get("a"), log.get("b")]).toMatchObject([
      { status: "miss", attempts: 1 },
      { status: "corrupted", attempts: 0 },
    ]);
    expect(named("reconcile_revert")).toMatchObject([{ fileExists: true }, { fileExists: false }]);
    expect(named("fetch_sync_job_status")).toMatchObject([{ httpStatus: 404, outcome: "not_found" }]);
  });
});

describe("when it asks", () => {
  test("after 20, 20, 30, 45, 60 and then every 120 s, and anew after something came of it", async () => {
    const { engine, clock, server } = uploaded(job("processing"));
    engine.start();
    await clock.advance(10 * MINUTE);
    const gaps = server.polls.map(({ atMs }, i) => (atMs - (server.polls[i - 1]?.atMs ?? atMs)) / SECOND);
    expect(gaps.slice(0, 8)).toEqual([0, 20, 30, 45, 60, 120, 120, 120]);
  });

  test("when the server says, between a second and ten minutes", async () => {
    for (const [wish, gap] of [
      ["2", 2],
      ["0", 1],
      ["86400", 600],
    ] as const) {
      const { engine, clock, server } = uploaded({ ...job("queued"), headers: { "retry-after": wish } });
      engine.start();
      await clock.advance(30 * MINUTE);
      const [first, second] = server.polls;
      expect(((second?.atMs ?? 0) - (first?.atMs ?? 0)) / SECOND).toBe(gap);
    }
  });

  test("not sooner and not later because something is captured meanwhile", async () => {
    const { engine, log, clock, server } = uploaded(job("processing"));
    engine.start();
    for (let i = 0; i < 60; i++) {
      await clock.advance(MINUTE);
      log.add(`r${i}`, { status: "synced" });
      engine.wake("recording_sealed");
    }
    expect(server.polls.length).toBeGreaterThan(28);
    expect(server.polls.length).toBeLessThan(40);
  });

  test("sooner while somebody waits for it: after an eighth of its age, at least half a second and at most ten", async () => {
    const { engine, clock, server, log } = uploaded(job("processing"));
    log.add("b", { status: "uploaded", jobId: "job-1", uploadedAtMs: clock.now() });
    engine.start();
    await clock.advance(SECOND);
    const attending = engine.attend();
    await clock.advance(10 * MINUTE);
    const gaps = server.polls.map(({ atMs }, i) => atMs - (server.polls[i - 1]?.atMs ?? atMs));
    expect(gaps.slice(2, 5).every((gap) => gap >= 500 && gap < SECOND)).toBe(true);
    expect(gaps.slice(-3)).toEqual([10 * SECOND, 10 * SECOND, 10 * SECOND]);
    attending[Symbol.dispose]();
    const before = server.polls.length;
    await clock.advance(10 * MINUTE);
    expect(server.polls.length - before).toBeLessThan(7);
  });

  test("no sooner for that where the job waits for a reason, or nobody answers", async () => {
    for (const said of [job("queued", { reason_code: "backfill_paced" }), { status: 502 }]) {
      const { engine, clock, server } = uploaded(said);
      engine.start();
      using _attending = engine.attend();
      await clock.advance(10 * MINUTE);
      expect(server.polls.length).toBeLessThan(16);
    }
  });

  test("three jobs at a time", async () => {
    let open = 0;
    let most = 0;
    const { engine, log, clock, server } = stage(async () => {
      open += 1;
      most = Math.max(most, open);
      for (let i = 0; i < 5; i++) await Promise.resolve();
      open -= 1;
      return completed();
    });
    for (let i = 0; i < 10; i++) log.add(`r${i}`, { status: "uploaded", jobId: `job-${i}` });
    engine.start();
    await clock.advance(SECOND);
    expect(server.polls).toHaveLength(10);
    expect(most).toBe(3);
  });

  test("never while nobody looks, and at once when somebody does", async () => {
    const { engine, clock, server, window } = uploaded(job("processing"));
    engine.start();
    await clock.advance(0);
    window.set({ foreground: false });
    await clock.advance(HOUR);
    expect(server.polls).toHaveLength(1);
    expect(clock.pending).toBe(0);
    window.set({ foreground: true });
    await clock.advance(0);
    expect(server.polls).toHaveLength(2);
  });
});

describe("a job of which nothing comes", () => {
  test("work that stands still for a day is sent again without an attempt; the line may be as long as it likes", async () => {
    const { engine, log, clock, server, named } = uploaded(job("processing"));
    engine.start();
    await clock.advance(23 * HOUR);
    expect(log.get("a").status).toBe("uploaded");
    await clock.advance(2 * HOUR);
    expect(named("reconcile_revert")).toMatchObject([{ outcome: "overdue", retryCountBumped: false }]);
    expect(server.uploads).toHaveLength(1);
    expect(log.get("a")).toMatchObject({ status: "uploaded", jobId: "job-2", attempts: 0 });

    const queued = uploaded(job("queued"));
    queued.engine.start();
    await queued.clock.advance(72 * HOUR);
    expect(queued.log.get("a")).toMatchObject({ status: "uploaded", jobId: "job-1" });
  });

  test("work that moves is left alone", async () => {
    let processed = 0;
    const { engine, log, clock } = uploaded(() =>
      job("processing", { processed_segments: Math.floor(processed++ / 9) }),
    );
    engine.start();
    await clock.advance(72 * HOUR);
    expect(log.get("a").jobId).toBe("job-1");
  });

  test("without any answer nothing is sent again, since nothing could be", async () => {
    const { engine, log, clock, server } = uploaded(undefined);
    engine.start();
    await clock.advance(72 * HOUR);
    expect(log.get("a").status).toBe("uploaded");
    expect(server.uploads).toHaveLength(0);
  });
});
