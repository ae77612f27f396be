/** Leases that are lost, jobs that are asked for again, and who waits for whom, on a real PostgreSQL. */
import { JOBS } from "@holdfast/contract";
import { type Clock, silentLog } from "@holdfast/core";
import { systemClock } from "@holdfast/runtime";
import {
  acceptUpload,
  admitConversation,
  type ClaimedJob,
  claimJob,
  claimJobById,
  commitSegments,
  completeJob,
  type Db,
  enqueueJob,
  failFinalization,
  failJob,
  failUpload,
  findConversation,
  findJob,
  heartbeatJob,
  type Job,
  type JobLoop,
  listDeadLetters,
  openDatabase,
  progressJob,
  releaseJob,
  retryJob,
  startJobLoop,
  WORKER_DIED,
} from "@holdfast/store";
import { startTestServer, type TestServer, waitFor } from "@holdfast/testkit";
import { sql } from "kysely";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, test } from "vitest";
import { chunk, openConversation, recording, segment, T0, USER } from "./seed.ts";

let server: TestServer;
let db: Db;
let url: string;
const loops: JobLoop[] = [];
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});
beforeEach(async () => {
  ({ db, url } = await server.database());
});
afterEach(async () => {
  await Promise.all(loops.splice(0).map((loop) => loop.drain()));
  await db.destroy();
});

const id = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;
const LEASE = JOBS.leaseMs;

/** A job that nothing else depends on. */
const enqueue = (n: number, nowMs = T0) =>
  enqueueJob(db, { userId: USER, id: id(n), kind: "fanout", payload: {}, dueMs: nowMs, nowMs });

const claim = (nowMs: number, over: object = {}) =>
  claimJob(db, ["fanout"], { owner: "w", nowMs, leaseMs: LEASE, ...over });

async function claimed(nowMs: number): Promise<ClaimedJob> {
  const job = await claim(nowMs);
  if (job === undefined) throw new Error("no job");
  return job;
}

const found = async (n = 1): Promise<Job> => {
  const job = await findJob(db, USER, id(n));
  if (job === undefined) throw new Error("no such job");
  return job;
};

/** A conversation with words and its finalisation. */
async function finalizing(conversationId = "c1"): Promise<string> {
  await openConversation(db, conversationId);
  const hold = await recording(db, `r-${conversationId}`);
  await chunk(db, hold, conversationId, 0, 10);
  await commitSegments(db, {
    ...{ hold, conversationId, deletedIds: [], startedAtMs: T0, nowMs: T0 },
    upserts: [segment(`s-${conversationId}`, "Hello.", 0, 1)],
    watermark: { transcribedMessages: 10 },
  });
  const ended = await admitConversation(db, { userId: USER, conversationId, trigger: "stop", force: true, nowMs: T0 });
  if (ended.outcome !== "admitted") throw new Error("not admitted");
  return ended.ticket.jobId;
}

describe("leases that are lost", () => {
  it("are counted in a row, until progress or a recorded failure", async () => {
    await enqueue(1);
    await claimed(T0);
    expect(await claim(T0 + LEASE - 1)).toBeUndefined();
    const second = await claimed(T0 + LEASE);
    expect(second).toMatchObject({ takenOver: true, lostLeases: 1, epoch: 2 });
    await progressJob(db, second, T0 + LEASE, { done: 0 }, null);
    const third = await claimed(T0 + 2 * LEASE);
    expect(third.lostLeases).toBe(1);
    // The same progress again is none.
    await progressJob(db, third, T0 + 2 * LEASE, { done: 0 }, "decoding");
    await heartbeatJob(db, third, T0 + 2 * LEASE, LEASE);
    const fourth = await claimed(T0 + 3 * LEASE);
    expect(fourth.lostLeases).toBe(2);
    await failJob(db, fourth, { class: "capacity", code: "busy", message: "later" }, T0 + 3 * LEASE, 0.5);
    expect(await found()).toMatchObject({ lostLeases: 0, attempts: 0, tries: 1 });
  });

  it("are not counted where the job is given back", async () => {
    await enqueue(1);
    await releaseJob(db, await claimed(T0), T0);
    expect(await claimed(T0 + 1)).toMatchObject({ takenOver: false, lostLeases: 0 });
  });

  it("make a job wait, then cost its attempts, and end it with a reason that is visible", async () => {
    const jobId = await finalizing();
    let nowMs = T0;
    const waits: number[] = [];
    for (;;) {
      const job = await claimJob(db, ["finalization"], { owner: "p", nowMs, leaseMs: LEASE });
      if (job === undefined) throw new Error("no job");
      nowMs += LEASE;
      if (!job.takenOver || job.lostLeases < JOBS.suspectLostLeases) continue;
      const state = await failFinalization(db, job, WORKER_DIED, nowMs, 0.5);
      const row = await findJob(db, USER, jobId);
      if (state === "dead_letter") break;
      expect(state).toBe("queued");
      expect(row?.attempts).toBe(Math.max(0, job.lostLeases - JOBS.maxLostLeases));
      waits.push((row?.dueMs ?? 0) - nowMs);
      nowMs = row?.dueMs ?? 0;
    }
    expect(waits).toHaveLength(12);
    expect(waits.at(0)).toBe(JOBS.suspectBaseMs);
    expect(waits.at(-1)).toBe(JOBS.retryCapMs);
    expect(await findJob(db, USER, jobId)).toMatchObject({ state: "dead_letter", reasonCode: "worker_died" });
    const [row] = await db.selectFrom("jobs").select("failure_class").execute();
    expect(row?.failure_class).toBe("content");
    expect(await findConversation(db, USER, "c1")).toMatchObject({ status: "failed", state_reason: "worker_died" });
  });

  it("keep a suspected job from processes that work on something, but not for ever, and from early nudges", async () => {
    await enqueue(1);
    await db.updateTable("jobs").set({ lost_leases: JOBS.suspectLostLeases }).execute();
    expect(await claim(T0, { busy: true })).toBeUndefined();
    const key = { userId: USER, id: id(1) };
    const nudge = { owner: "w", nowMs: T0 - 1, leaseMs: LEASE };
    expect(await claimJobById(db, key, nudge)).toEqual({ outcome: "waiting" });
    expect(await claim(T0 + JOBS.suspectPatienceMs, { busy: true })).toBeDefined();
    await enqueue(2);
    await db.updateTable("jobs").set({ lost_leases: JOBS.suspectLostLeases }).where("id", "=", id(2)).execute();
    expect(await claim(T0)).toMatchObject({ id: id(2) });
  });
});

describe("looking for a job", () => {
  it("is planned once a connection, and goes on through a newer schema", async () => {
    const own = openDatabase({ url, maxConnections: 1, onIdleError: () => {} });
    try {
      const next = () => claimJob(own, ["fanout"], { owner: "w", nowMs: T0, leaseMs: LEASE });
      for (let n = 1; n <= 8; n++) await enqueue(n);
      for (let n = 1; n <= 7; n++) expect((await next())?.kind).toBe("fanout");
      const planned = await sql<{ n: number }>`select count(*)::int as n from pg_prepared_statements`.execute(own);
      expect(planned.rows[0]?.n).toBe(1);
      await sql`alter table jobs add column of_a_newer_version text`.execute(db);
      expect((await next())?.kind).toBe("fanout");
      expect(await next()).toBeUndefined();
    } finally {
      await own.destroy();
    }
  });
});

describe("a loop", () => {
  /** Times that the loop found nothing to begin. */
  let looks = 0;
  const clock: Clock = {
    ...systemClock,
    after(ms, call) {
      if (ms === JOBS.pollMs) looks += 1;
      return systemClock.after(ms, call);
    },
  };
  const startLoop = (handle: (job: Job, signal: AbortSignal) => Promise<void>): void => {
    const options = { db, kinds: ["fanout"] as const, owner: "w", concurrency: 4, clock, log: silentLog };
    loops.push(startJobLoop({ ...options, handle }));
  };
  const complete = (job: Job) =>
    completeJob(db, job, { outcome: "completed", result: {}, nowMs: Date.now() }).then(() => {});
  const losing = (n: number, lostLeases: number) =>
    db
      .updateTable("jobs")
      .set({ state: "leased", lease_until: new Date(0), lost_leases: lostLeases })
      .where("id", "=", id(n))
      .execute();

  test("goes on with a job whose worker died once, and puts back one whose workers keep dying", async () => {
    await enqueue(1);
    await enqueue(2);
    await losing(1, 0);
    await losing(2, JOBS.suspectLostLeases - 1);
    const handled: string[] = [];
    startLoop(async (job) => {
      handled.push(job.id);
      await complete(job);
    });
    await waitFor("both", async () => (await found(1)).state === "completed" && (await found(2)).state === "queued");
    const back = await found(2);
    expect(back).toMatchObject({ reasonCode: "worker_died", lostLeases: JOBS.suspectLostLeases, attempts: 0 });
    expect(back.dueMs - Date.now()).toBeGreaterThan(JOBS.suspectBaseMs / 2);
    expect(handled).toEqual([id(1)]);
  });

  test("works on a suspected job alone", async () => {
    await enqueue(1);
    await db.updateTable("jobs").set({ lost_leases: JOBS.suspectLostLeases }).execute();
    const started: string[] = [];
    const going = Promise.withResolvers<void>();
    startLoop(async (job) => {
      started.push(job.id);
      if (job.id === id(1)) await going.promise;
      await complete(job);
    });
    await waitFor("the suspect", () => started.length === 1);
    await enqueue(2);
    const before = looks;
    await waitFor("two more looks at the queue", () => looks >= before + 2);
    expect(started).toEqual([id(1)]);
    going.resolve();
    await waitFor("the other", async () => (await found(2)).state === "completed");
    expect(started).toEqual([id(1), id(2)]);
  });
});

describe("asking for a job again", () => {
  const failure = { class: "permanent_input", code: "broken", message: "no" } as const;

  it("brings job and conversation back together, as a new generation that refuses the old", async () => {
    const jobId = await finalizing();
    const old = await claimJob(db, ["finalization"], { owner: "p", nowMs: T0, leaseMs: LEASE });
    if (old === undefined) throw new Error("no job");
    await failFinalization(db, old, failure, T0, 0.5);
    expect(await findConversation(db, USER, "c1")).toMatchObject({ status: "failed", state_reason: "broken" });

    expect(await retryJob(db, jobId, T0 + 5)).toMatchObject({ outcome: "queued", job: { generation: 2 } });
    expect(await findJob(db, USER, jobId)).toMatchObject({
      ...{
        state: "queued",
        generation: 2,
        attempts: 0,
        tries: 0,
        reasonCode: null,
        lastError: null,
        completedMs: null,
      },
    });
    expect(await findConversation(db, USER, "c1")).toMatchObject({
      status: "processing",
      state_reason: "awaiting_processing",
    });
    const request = { owner: "p", nowMs: T0 + 6, leaseMs: LEASE };
    const key = { userId: USER, id: jobId };
    expect(await claimJobById(db, { ...key, generation: 1 }, request)).toEqual({
      outcome: "stale_generation",
      generation: 2,
    });
    const next = await claimJobById(db, { ...key, generation: 2 }, request);
    if (next.outcome !== "claimed") throw new Error("not claimed");
    // Even with the right epoch, a holder of the old generation writes nothing.
    const stale = { ...next.job, generation: 1 };
    expect(await heartbeatJob(db, stale, T0 + 7, LEASE)).toBe(false);
    expect(await completeJob(db, stale, { outcome: "completed", result: {}, nowMs: T0 + 7 })).toBe(false);
    expect(await heartbeatJob(db, next.job, T0 + 7, LEASE)).toBe(true);
    expect(await retryJob(db, jobId, T0 + 8)).toMatchObject({ outcome: "not_retryable", job: { state: "leased" } });
  });

  it("refuses what another revision replaced, what is completed, and what nobody knows", async () => {
    const jobId = await finalizing();
    const job = await claimJob(db, ["finalization"], { owner: "p", nowMs: T0, leaseMs: LEASE });
    if (job === undefined) throw new Error("no job");
    await failFinalization(db, job, failure, T0, 0.5);
    await db
      .updateTable("conversations")
      .set({ finalization_job_id: id(9) })
      .execute();
    expect(await retryJob(db, jobId, T0)).toMatchObject({ outcome: "superseded" });
    await enqueue(1);
    await completeJob(db, await claimed(T0), { outcome: "completed", result: {}, nowMs: T0 });
    expect(await retryJob(db, id(1), T0)).toMatchObject({ outcome: "not_retryable" });
    expect(await retryJob(db, id(77), T0)).toEqual({ outcome: "missing" });
  });

  it("has a repair wait for nothing and the summary wait for the repair", async () => {
    const jobId = await finalizing();
    const done = await claimJob(db, ["finalization"], { owner: "p", nowMs: T0, leaseMs: LEASE });
    if (done === undefined) throw new Error("no job");
    await completeJob(db, done, { outcome: "completed", result: {}, nowMs: T0 });
    await db.updateTable("conversations").set({ status: "completed" }).execute();
    await enqueueJob(db, {
      ...{ userId: USER, id: id(5), kind: "repair", conversationId: "c1", dueMs: T0, nowMs: T0 },
      payload: { recording_session_id: "r-c1", from_message: 0, to_message: 10 },
    });
    await db
      .updateTable("jobs")
      .set({ state: "dead_letter", completed_at: new Date(T0), progress: JSON.stringify({ from_message: 3 }) })
      .where("id", "=", id(5))
      .execute();
    expect((await listDeadLetters(db, 10)).map((job) => job.id)).toEqual([id(5)]);
    expect(await retryJob(db, id(5), T0)).toMatchObject({ outcome: "queued" });
    expect(await found(5)).toMatchObject({ state: "queued", progress: { from_message: 3 } });
    const row = await findConversation(db, USER, "c1");
    expect(row).toMatchObject({ status: "merging", state_reason: "awaiting_transcription" });
    expect(row?.finalization_job_id).not.toBe(jobId);
    const waiting = await findJob(db, USER, row?.finalization_job_id ?? "");
    expect(waiting?.state).toBe("blocked");
    expect(await retryJob(db, waiting?.id ?? "", T0)).toMatchObject({ outcome: "awaiting_repair" });
    await db.updateTable("jobs").set({ state: "failed" }).where("id", "=", id(5)).execute();
    expect(await retryJob(db, waiting?.id ?? "", T0)).toMatchObject({ outcome: "queued" });
  });

  it("begins a batch anew, unless its content went on in another job", async () => {
    const batch = (n: number) => ({
      ...{ userId: USER, jobId: id(n), contentId: "same", lane: "fresh" as const, payload: {}, conversationId: null },
      files: [{ name: "a.bin", bytes: 1, sha256: "ab", blobKey: `uploads/${id(n)}/0`, capturedAtMs: T0 }],
      nowMs: T0,
    });
    await acceptUpload(db, batch(1));
    const job = await claimJob(db, ["sync"], { owner: "w", nowMs: T0, leaseMs: LEASE });
    if (job === undefined) throw new Error("no job");
    await progressJob(db, job, T0, { done_files: 1 }, null);
    await failUpload(db, job, [], failure, T0, 0.5);
    expect(await retryJob(db, id(1), T0)).toMatchObject({ outcome: "queued" });
    expect(await found(1)).toMatchObject({ state: "queued", progress: null });
    await db.updateTable("jobs").set({ state: "failed", attempts: JOBS.maxAttempts }).execute();
    expect(await listDeadLetters(db, 10)).toHaveLength(1);
    await db.updateTable("jobs").set({ attempts: 0 }).execute();
    expect(await listDeadLetters(db, 10)).toEqual([]);
    await db.updateTable("jobs").set({ lane: "backfill" }).execute();
    expect(await listDeadLetters(db, 10)).toHaveLength(1);
    await db.updateTable("jobs").set({ started_at: null }).execute();
    expect(await listDeadLetters(db, 10)).toEqual([]);
    expect((await acceptUpload(db, batch(2))).outcome).toBe("accepted");
    expect(await retryJob(db, id(1), T0)).toMatchObject({ outcome: "superseded" });
  });
});

test("a batch that fails while somebody asks for it again: both lock the conversation before the job", async () => {
  await openConversation(db, "c1");
  await db
    .updateTable("conversations")
    .set({ upload_job_id: id(1) })
    .execute();
  const batch = { kind: "sync", conversationId: "c1", payload: {}, dueMs: T0, nowMs: T0 } as const;
  await enqueueJob(db, { userId: USER, id: id(1), ...batch });
  const job = await claimJob(db, ["sync"], { owner: "w", leaseMs: LEASE, nowMs: T0 });
  if (job === undefined) throw new Error("not claimed");
  const waiting = (count: number) =>
    waitFor(`${count} waiting for a lock`, async () => {
      const { rows } = await sql<{ n: number }>`select count(*) as n from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'`.execute(db);
      return Number(rows[0]?.n) === count;
    });

  const other = openDatabase({ url, maxConnections: 1, onIdleError: () => {} });
  try {
    const holding = Promise.withResolvers<void>();
    const letGo = Promise.withResolvers<void>();
    const third = other.transaction().execute(async (trx) => {
      await sql`select 1 from conversations where id = 'c1' for update`.execute(trx);
      holding.resolve();
      await letGo.promise;
    });
    await holding.promise;
    // First in the queue for the conversation, and then asks for the job.
    const retrying = retryJob(db, id(1), T0);
    await waiting(1);
    const end = { class: "permanent_input", code: "broken", message: "no" } as const;
    const failing = failUpload(db, job, ["c1"], end, T0, 0.5);
    await waiting(2);
    letGo.resolve();
    await third;
    expect(await Promise.all([retrying, failing])).toMatchObject([{ outcome: "not_retryable" }, "failed"]);
  } finally {
    await other.destroy();
  }
  expect(await findConversation(db, USER, "c1")).toMatchObject({ status: "processing" });
});
