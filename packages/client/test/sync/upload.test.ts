import { describe, expect, test } from "vitest";
import { type Answer, accepted, completed, job, limited } from "./scripted-server.ts";
import { HOUR, MINUTE, SECOND, stage } from "./stage.ts";

describe("the way of a recording", () => {
  test("it goes up, its job is asked after, and it is confirmed", async () => {
    const { engine, log, clock, server, named } = stage();
    log.add("a");
    engine.start();
    await clock.advance(0);
    expect(log.get("a")).toMatchObject({ status: "uploaded", jobId: "job-1", uploadedAtMs: clock.now() });
    expect(engine.status.card.state).toBe("processing");
    await clock.advance(20 * SECOND);
    expect(log.get("a")).toMatchObject({ status: "synced", jobId: null, syncedAtMs: clock.now() });
    expect(engine.status).toMatchObject({
      card: { state: "all_synced" },
      conversations: { created: ["c-1"], updated: [] },
      nextPassAtMs: null,
    });
    expect(named("conversations")).toEqual([{ name: "conversations", walIds: ["a"], created: ["c-1"], updated: [] }]);
    await clock.advance(HOUR);
    expect(server.asked).toHaveLength(2);
    expect(clock.pending).toBe(0);
  });

  test("the newest goes first, five of one conversation together, and each once", async () => {
    let count = 0;
    const { engine, log, clock, server } = stage(({ method }) =>
      method === "POST" ? accepted(`job-${count++}`) : completed(),
    );
    for (let i = 0; i < 12; i++) {
      log.add(`r${String(i).padStart(2, "0")}`, { startedAtMs: 1_789_000_000_000 + i * MINUTE, conversationId: "c" });
    }
    log.add("other", { startedAtMs: 1_789_000_000_000 + HOUR, conversationId: null });
    engine.start();
    await clock.advance(0);
    expect(server.uploads.map(({ files, query }) => [query.get("conversation_id"), ...files.map(plain)])).toEqual([
      [null, "other"],
      ["c", "r07", "r08", "r09", "r10", "r11"],
      ["c", "r02", "r03", "r04", "r05", "r06"],
      ["c", "r00", "r01"],
    ]);
  });

  test("a server that answers at once needs no question", async () => {
    const body = { new_memories: ["n"], updated_memories: ["u"], failed_segments: 0, total_segments: 1, errors: [] };
    const { engine, log, clock, server } = stage(() => ({ status: 200, body }));
    log.add("a");
    engine.start();
    await clock.advance(HOUR);
    expect(log.get("a")).toMatchObject({ status: "synced", syncedAtMs: clock.now() - HOUR });
    expect(server.asked).toHaveLength(1);
    expect(engine.status.conversations).toEqual({ created: ["n"], updated: ["u"] });
  });

  test("without bytes it is corrupted, and the others of its batch go on", async () => {
    const { engine, log, clock, server, named } = stage();
    log.add("a");
    log.add("b");
    log.spoil("a");
    engine.start();
    await clock.advance(0);
    expect([log.get("a").status, log.get("b").status]).toEqual(["corrupted", "uploaded"]);
    expect(server.uploads.map(({ files }) => files.map(plain))).toEqual([["b"]]);
    expect(named("local_upload_finished")).toMatchObject([{ corrupted: 1, batchesUploaded: 1 }]);
  });

  test("what is captured while a pass runs goes with the same pass", async () => {
    const { engine, log, clock, server } = stage((asked) => {
      if (asked.method === "POST" && server.uploads.length === 1) log.add("late");
      return asked.method === "POST" ? accepted("job-1") : completed();
    });
    log.add("a");
    engine.start();
    await clock.advance(0);
    expect(server.uploads.map(({ files }) => files.map(plain))).toEqual([["a"], ["late"]]);
  });

  test("ordinary sound goes alone, by its own route, with its start", async () => {
    const { engine, log, clock, server } = stage();
    log.add("a", { kind: "sound" });
    log.add("b", { kind: "sound" });
    engine.start();
    await clock.advance(0);
    expect(server.uploads.map(({ path, files }) => [path, files])).toEqual([
      ["/v1/uploads", ["b.wav"]],
      ["/v1/uploads", ["a.wav"]],
    ]);
  });
});

/** What one upload of one recording leaves behind: its status, attempts and reason, and how often it is asked in an hour. */
const ROWS: readonly [string, Answer | undefined, object, number][] = [
  [
    "202 without a job",
    { status: 202, body: { status: "queued" } },
    { status: "miss", attempts: 0, reason: "job_id_missing" },
    22,
  ],
  ["200 that is a page", { status: 200, body: "<html>" }, { status: "miss", attempts: 0, reason: "bad_answer" }, 22],
  ["200 with failed segments", { status: 200, body: { failed_segments: 1 } }, { status: "miss", attempts: 3 }, 3],
  ["429 fair use", limited("fair_use", "7200"), { status: "miss", attempts: 0, reason: "fair_use" }, 1],
  ["429 without headers", limited(null, null), { status: "miss", attempts: 0, reason: "backend_busy" }, 2],
  [
    "503 capacity",
    limited("backfill_capacity", "1200", 503),
    { status: "miss", attempts: 0, reason: "backend_busy" },
    3,
  ],
  ["503 plain", limited(null, null, 503), { status: "miss", attempts: 0, reason: "http_503" }, 22],
  ["503 with a wish", limited(null, "1800", 503), { status: "miss", attempts: 0, reason: "http_503" }, 2],
  ["500", { status: 500 }, { status: "miss", attempts: 0, reason: "http_500" }, 22],
  ["no answer", undefined, { status: "miss", attempts: 0, reason: "unreachable" }, 22],
  ["401", { status: 401 }, { status: "miss", attempts: 0, reason: "http_401" }, 1],
  [
    "403 that means the sign-in",
    { status: 403, body: { code: "scope_missing", class: "auth", scope: "account" } },
    { status: "miss", attempts: 0, reason: "scope_missing" },
    1,
  ],
  ["403", { status: 403, body: { detail: "no" } }, { status: "upload_rejected", attempts: 0, reason: "http_403" }, 1],
  ["403 that is a page", { status: 403, body: "<html>" }, { status: "miss", attempts: 0, reason: "http_403" }, 22],
  [
    "400",
    { status: 400, body: { code: "sync_invalid_name" } },
    { status: "upload_rejected", attempts: 0, reason: "sync_invalid_name" },
    1,
  ],
  ["413", { status: 413 }, { status: "upload_rejected", attempts: 0, reason: "http_413" }, 1],
  [
    "422 of age",
    { status: 422, body: { code: "backfill_lookback_exceeded" } },
    { status: "outside_recovery_window" },
    1,
  ],
  [
    "422 of anything else",
    { status: 422, body: { detail: "?" } },
    { status: "miss", attempts: 0, reason: "http_422" },
    22,
  ],
  [
    "409 with a time",
    { status: 409, headers: { "retry-after": "1800" }, body: { code: "sync_content_in_progress" } },
    { status: "miss", attempts: 0, reason: "sync_content_in_progress" },
    2,
  ],
  ["418", { status: 418 }, { status: "miss", attempts: 0, reason: "http_418" }, 22],
];

describe("answers to an upload", () => {
  test.each(ROWS)("%s", async (_, answer, expected, uploadsInAnHour) => {
    const { engine, log, clock, server } = stage(({ method }) => (method === "POST" ? answer : { status: 404 }));
    log.add("a");
    engine.start();
    await clock.advance(HOUR - SECOND);
    expect(log.get("a")).toMatchObject(expected);
    expect(server.uploads).toHaveLength(uploadsInAnHour);
    expect(engine.explain("a")).not.toBeNull();
  });
});

describe("a batch that is refused", () => {
  test("each of it goes alone once, and only the bad one is rejected", async () => {
    const { engine, log, clock, server } = stage(({ method, files }) => {
      if (method !== "POST") return completed();
      return files.includes("bad_1.bin") ? { status: 400, body: { code: "bad" } } : accepted("job-1");
    });
    for (const id of ["a", "bad", "c"]) log.add(id);
    engine.start();
    await clock.advance(0);
    expect(["a", "bad", "c"].map((id) => log.get(id).status)).toEqual(["uploaded", "upload_rejected", "uploaded"]);
    expect(server.uploads.map(({ files }) => files.length)).toEqual([3, 1, 1, 1]);
  });

  test("an age refusal retires the oldest and all that are as old; the others go", async () => {
    const old = 1_789_000_000_000;
    const { engine, log, clock } = stage(({ method, files }) => {
      if (method !== "POST") return completed();
      return files.some((name) => name.startsWith("old"))
        ? { status: 422, body: { code: "backfill_lookback_exceeded" } }
        : accepted("job-1");
    });
    log.add("old1", { startedAtMs: old });
    log.add("old2", { startedAtMs: old - MINUTE });
    log.add("new", { startedAtMs: old + MINUTE });
    engine.start();
    await clock.advance(0);
    expect(["old1", "old2", "new"].map((id) => log.get(id).status)).toEqual([
      ...["outside_recovery_window", "outside_recovery_window"],
      "uploaded",
    ]);
  });
});

describe("a batch that nobody knows the fate of", () => {
  const minute = (i: number) => ({ startedAtMs: 1_789_000_000_000 + i * MINUTE });

  test.each<readonly [string, Answer | undefined]>([
    ["gets no answer", undefined],
    ["is answered by something between", { status: 502 }],
    ["gets an answer that nobody can read", { status: 418 }],
  ])("goes again as it was where it %s, also by the next program", async (_, answer) => {
    const { engine, log, clock, server, restart } = stage(({ method }) =>
      method !== "POST" ? completed() : server.uploads.length < 3 ? answer : accepted(`job-${server.uploads.length}`),
    );
    log.add("a", minute(1));
    log.add("b", minute(2));
    engine.start();
    await clock.advance(0);
    log.add("c", minute(3));
    const next = await restart();
    next.engine.start();
    await clock.advance(HOUR);
    const sent = server.uploads.map(({ files }) => files.map(plain).join(""));
    expect(sent[0]).toBe("ab");
    expect(new Set(sent)).toEqual(new Set(["ab", "c"]));
    expect(["a", "b", "c"].map((id) => log.get(id).status)).toEqual(["synced", "synced", "synced"]);
  });

  test("goes again as it was where its job stands still, and else is free", async () => {
    let isStuck = true;
    const { engine, log, clock, server } = stage(({ method, path, files }) => {
      if (method === "POST") return accepted(files.includes("r3_1.bin") ? "job-3" : "job-1");
      return isStuck && path.endsWith("job-1") ? job("processing") : completed();
    });
    for (const i of [1, 2]) log.add(`r${i}`, minute(i));
    engine.start();
    await clock.advance(HOUR);
    log.add("r3", { ...minute(3), status: "in_progress" });
    await clock.advance(22 * HOUR);
    await log.apply([["r3", { type: "sealed", delivered: false }]]);
    await clock.advance(2 * HOUR);
    isStuck = false;
    await clock.advance(24 * HOUR);
    await engine.close();
    const sent = server.uploads.map(({ files }) => files.map(plain).join(" "));
    expect(sent.filter((names) => names === "r1 r2")).toHaveLength(2);
    expect(sent.filter((names) => names !== "r1 r2")).toEqual(["r3"]);
    expect(log.get("r1")).toMatchObject({ status: "synced", batchId: null });
  });

  test("is completed with whom a person did not ask for", async () => {
    const { engine, log, clock, server } = stage();
    const given = { batchId: "a", attempts: 3, lastAttemptAtMs: 1, reason: "job_http_404" };
    log.add("a", { ...minute(1), ...given });
    log.add("b", { ...minute(2), ...given });
    log.add("c", minute(3));
    engine.start();
    await clock.advance(0);
    await engine.retry(["b"]);
    await clock.advance(MINUTE);
    expect(server.uploads.map(({ files }) => files.map(plain).join(" "))).toEqual(["c", "a b"]);
  });
});

const plain = (name: string): string => name.replace(/_1\.bin$/, "");

describe("what a server has of a live session", () => {
  const ended = (messages: number, more: object = {}): Answer => ({
    status: 200,
    body: { durable_messages: messages, conversation_id: null, ...more },
  });

  test("is asked once, before its first upload, and is not uploaded", async () => {
    const { engine, log, clock, server } = stage();
    server.endLive = () => ended(70, { conversation_id: "c-9" });
    const sessionId = "s";
    log.add("s-0", { sessionId, firstSequence: 0, frames: 50 });
    log.add("s-50", { sessionId, firstSequence: 50, frames: 50 });
    engine.start();
    await clock.advance(0);
    expect(server.ended.map(({ method, path }) => [method, path])).toEqual([["PUT", "/v1/recording-sessions/s/ended"]]);
    expect(log.get("s-0")).toMatchObject({ status: "synced", delivered: 50, syncedAtMs: 0 });
    expect(log.get("s-50")).toMatchObject({ status: "uploaded", delivered: 20, conversationId: "c-9" });
    expect(server.uploads.map(({ files, query }) => [query.get("conversation_id"), files.length])).toEqual([
      ["c-9", 1],
    ]);
    log.add("s-100", { sessionId, firstSequence: 100, frames: 50 });
    engine.wake("recording_sealed");
    await clock.advance(0);
    expect([server.ended.length, server.uploads.length]).toEqual([1, 2]);
  });

  test.each([
    [401, { status: "miss", attempts: 0 }],
    [503, { status: "miss", attempts: 0 }],
    [404, { status: "uploaded" }],
    [405, { status: "uploaded" }],
    [501, { status: "uploaded" }],
  ])("where it answers %i", async (status, expected) => {
    const { engine, log, clock, server } = stage();
    server.endLive = () => ({ status });
    log.add("a", { sessionId: "s" });
    engine.start();
    await clock.advance(0);
    expect(log.get("a")).toMatchObject(expected);
    expect(server.uploads.length).toBe(expected.status === "miss" ? 0 : 1);
    await engine.close();
  });

  test("is not asked in a pause, and a pause that it begins is one", async () => {
    const { engine, log, clock, server } = stage();
    server.endLive = () => limited(null, "600");
    log.add("a", { sessionId: "s" });
    engine.start();
    await clock.advance(0);
    expect([engine.status.limit?.reason, server.ended.length, server.uploads.length]).toEqual(["backend_busy", 1, 0]);
    server.endLive = () => ended(0);
    await clock.advance(9 * MINUTE);
    expect(server.ended.length).toBe(1);
    await clock.advance(3 * MINUTE);
    expect(log.get("a")).toMatchObject({ status: "synced", attempts: 0 });
  });
});
