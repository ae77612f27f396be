/** Whose upload is next, on a real PostgreSQL: held against the rule in core, under concurrency, and at 100,000 jobs. */
import { JOBS } from "@holdfast/contract";
import { type LaneTurn, nextUpload, type SyncLane } from "@holdfast/core";
import {
  type ClaimedJob,
  type ClaimRequest,
  claimJob,
  claimJobById,
  completeJob,
  type Db,
  enqueueJob,
  failJob,
  forgetIdleTurns,
  releaseJob,
} from "@holdfast/store";
import { startTestServer, type TestServer } from "@holdfast/testkit";
import fc from "fast-check";
import { sql } from "kysely";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { T0 } from "./seed.ts";

let server: TestServer;
let db: Db;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});
beforeEach(async () => {
  ({ db } = await server.database());
});
afterEach(async () => {
  await db.destroy();
});

const id = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;

const enqueue = (n: number, userId: string, lane: SyncLane, over: { capturedMs?: number; nowMs?: number } = {}) => {
  const nowMs = over.nowMs ?? T0;
  const capturedMs = over.capturedMs ?? nowMs;
  return enqueueJob(db, {
    ...{ userId, id: id(n), kind: "sync", lane, payload: {}, audioSeconds: 60, capturedMs, dueMs: nowMs, nowMs },
  });
};

/** Many jobs of one user in one statement. */
async function backlog(userId: string, lane: SyncLane, count: number, nowMs = T0): Promise<void> {
  await sql`insert into jobs (user_id, id, kind, state, lane, payload, due_at, created_at, updated_at, captured_at)
    select ${userId}, gen_random_uuid(), 'sync', 'queued', ${lane}, '{}', at, at, at, at - interval '30 days' + n * interval '1 minute'
    from generate_series(1, ${count}::int) n, (select ${new Date(nowMs)}::timestamptz as at) now`.execute(db);
}

const claim = (nowMs: number, over: Partial<ClaimRequest> = {}) =>
  claimJob(db, ["sync", "repair"], { owner: "w", nowMs, leaseMs: JOBS.leaseMs, ...over });

async function claimed(nowMs: number, over: Partial<ClaimRequest> = {}): Promise<ClaimedJob> {
  const job = await claim(nowMs, over);
  if (job === undefined) throw new Error("no job");
  return job;
}

const complete = (job: ClaimedJob, nowMs: number) => completeJob(db, job, { outcome: "completed", result: {}, nowMs });

const turns = async () => await db.selectFrom("sync_turns").selectAll().orderBy("user_id").orderBy("lane").execute();

describe("uploads are taken in turns", () => {
  it("a fresh recording is next, behind another user's thousand old ones", async () => {
    await backlog("a", "backfill", 1_000);
    const running = await claimed(T0 + 1);
    expect(running.userId).toBe("a");
    await enqueue(1, "b", "fresh", { nowMs: T0 + 2 });
    expect(await claimed(T0 + 3)).toMatchObject({ userId: "b", lane: "fresh" });
    expect(await claim(T0 + 4)).toBeUndefined();
    await complete(running, T0 + 5);
    expect((await claimed(T0 + 6)).userId).toBe("a");
  });

  it("three users' backlogs are interleaved, each in the order of capture", async () => {
    for (const [at, user] of ["a", "b", "c"].entries()) await backlog(user, "backfill", 50, T0 + at);
    const order: string[] = [];
    const captured = new Map<string, number>();
    for (let n = 0; n < 30; n += 1) {
      const job = await claimed(T0 + 100 + 2 * n);
      order.push(job.userId);
      const { captured_at } = await db
        .selectFrom("jobs")
        .select("captured_at")
        .where("id", "=", job.id)
        .executeTakeFirstOrThrow();
      expect(captured_at).toBeGreaterThan(captured.get(job.userId) ?? 0);
      captured.set(job.userId, captured_at ?? 0);
      await complete(job, T0 + 101 + 2 * n);
    }
    expect(order.join("")).toBe("abc".repeat(10));
  });

  it("old recordings are not starved by fresh ones, nor these by repairs", async () => {
    for (const user of ["a", "b"]) await backlog(user, "fresh", 100);
    await backlog("c", "backfill", 100);
    for (let n = 1; n <= 20; n += 1) {
      await enqueueJob(db, { userId: "d", id: id(n), kind: "repair", payload: {}, dueMs: T0, nowMs: T0 });
    }
    const kinds: string[] = [];
    for (let turn = 0; turn < 16; turn += 1) {
      const job = await claimed(T0 + 1 + turn, { turn });
      kinds.push(job.kind === "repair" ? "r" : job.lane === "fresh" ? "f" : "b");
      await complete(job, T0 + 1 + turn);
    }
    expect(kinds.join("")).toBe("rfrb".repeat(4));
  });

  it("one job that waits for its retry holds up neither its user nor anybody", async () => {
    await enqueue(1, "a", "backfill", { capturedMs: 1 });
    await enqueue(2, "a", "backfill", { capturedMs: 2 });
    const first = await claimed(T0);
    await failJob(db, first, { class: "transport", code: "x", message: "x", retryAfterMs: 60_000 }, T0, 0.5);
    const second = await claimed(T0 + 1);
    expect([first.id, second.id]).toEqual([id(1), id(2)]);
    await complete(second, T0 + 2);
    expect(await claim(T0 + 3)).toBeUndefined();
    expect((await claimed(T0 + 60_001)).id).toBe(id(1));
  });

  it("a lease that runs out is taken over as before, and its user waits meanwhile", async () => {
    await enqueue(1, "a", "fresh");
    await enqueue(2, "a", "fresh", { capturedMs: T0 + 1 });
    await claimed(T0);
    expect(await claim(T0 + JOBS.leaseMs - 1)).toBeUndefined();
    expect(await claimed(T0 + JOBS.leaseMs)).toMatchObject({ id: id(1), takenOver: true });
    expect(await claimJobById(db, { userId: "a", id: id(2) }, { owner: "w", nowMs: T0, leaseMs: 1 })).toEqual({
      outcome: "waiting",
    });
  });

  it("passes over a user whose only job may end this process while it works on something else", async () => {
    await enqueue(1, "a", "fresh");
    await sql`update jobs set lost_leases = ${JOBS.suspectLostLeases}`.execute(db);
    await enqueue(2, "b", "fresh", { nowMs: T0 + 1 });
    expect((await claimed(T0 + 2, { busy: true })).userId).toBe("b");
    expect(await claim(T0 + 2, { busy: true })).toBeUndefined();
    expect((await claimed(T0 + 2, { busy: false })).userId).toBe("a");
  });

  it("leaves old recordings to others where the last place is kept", async () => {
    await backlog("a", "backfill", 2);
    expect(await claim(T0 + 1, { withoutBackfill: true })).toBeUndefined();
    expect(await claim(T0 + 1)).toBeDefined();
  });

  it("does what the rule in core says, whatever comes", async () => {
    const users = ["u0", "u1", "u2"];
    const step = fc.record({
      type: fc.constantFrom("come" as const, "come" as const, "claim" as const, "claim" as const, "end" as const),
      user: fc.nat(2),
      lane: fc.constantFrom<SyncLane>("fresh", "backfill"),
      capturedMs: fc.nat(5),
      how: fc.constantFrom("complete" as const, "fail" as const, "release" as const),
      swept: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 40, size: "max" }), async (steps) => {
        await sql`truncate jobs, sync_turns cascade`.execute(db);
        let lanes: LaneTurn[] = users.flatMap((userId) =>
          (["fresh", "backfill"] as const).map((lane) => ({ userId, lane, turnMs: 0, busy: false, waiting: [] })),
        );
        const running: ClaimedJob[] = [];
        const captures = new Map<string, number>();
        const change = (of: { userId: string; lane: SyncLane }, to: (lane: LaneTurn) => LaneTurn): void => {
          lanes = lanes.map((lane) => (lane.userId === of.userId && lane.lane === of.lane ? to(lane) : lane));
        };
        const come = (job: { userId: string; lane: SyncLane; id: string }, dueMs: number, nowMs: number): void => {
          const capturedMs = captures.get(job.id) ?? 0;
          const { userId, lane } = job;
          change(job, (was) => ({
            ...was,
            turnMs: was.waiting.length === 0 ? nowMs : was.turnMs,
            waiting: [...was.waiting, { userId, lane, id: job.id, capturedMs, dueMs }],
          }));
        };
        for (const [at, { type, user, lane, capturedMs, how, swept }] of steps.entries()) {
          const nowMs = T0 + at * 1_000;
          const userId = `u${user}`;
          if (swept) {
            const idle = lanes.filter((each) => each.waiting.length === 0 && !each.busy);
            await forgetIdleTurns(db, nowMs, 10);
            const known = (await turns()).map((row) => `${row.user_id} ${row.lane}`);
            expect(known.filter((row) => idle.some((each) => row === `${each.userId} ${each.lane}`))).toEqual([]);
          }
          if (type === "come") {
            await enqueue(at, userId, lane, { capturedMs: T0 + capturedMs, nowMs });
            captures.set(id(at), T0 + capturedMs);
            come({ userId, lane, id: id(at) }, nowMs, nowMs);
          } else if (type === "claim") {
            const expected = nextUpload(lanes, "fresh", nowMs) ?? nextUpload(lanes, "backfill", nowMs);
            const job = await claim(nowMs, { leaseMs: 3_600_000 });
            expect(job?.id).toBe(expected?.id);
            if (job === undefined) continue;
            running.push(job);
            change(job, (was) => ({
              ...was,
              ...{ busy: true, turnMs: nowMs, waiting: was.waiting.filter((each) => each.id !== job.id) },
            }));
          } else {
            const job = running.shift();
            if (job === undefined) continue;
            change(job, (was) => ({ ...was, busy: false }));
            if (how === "complete") await complete(job, nowMs);
            if (how === "release") await releaseJob(db, job, nowMs);
            const failure = { class: "transport", code: "x", message: "x", retryAfterMs: 5_000 } as const;
            if (how === "fail") await failJob(db, { ...job, tries: 0 }, failure, nowMs, 0.5);
            if (how !== "complete") come(job, how === "fail" ? nowMs + 5_000 : nowMs, nowMs);
          }
          const stored = (await turns()).filter((row) => row.waiting > 0 || row.ready_at !== null);
          expect(stored.map((row) => `${row.user_id} ${row.lane} ${row.waiting}`)).toEqual(
            lanes
              .filter((each) => each.waiting.length > 0)
              .map((each) => `${each.userId} ${each.lane} ${each.waiting.length}`)
              .sort(),
          );
        }
      }),
      { numRuns: 25 },
    );
  });
});

describe("many claimers at once", () => {
  it("never work on two jobs of a user and lane, never deadlock, and end everything", async () => {
    for (const user of ["a", "b", "c"])
      for (const lane of ["fresh", "backfill"] as const) await backlog(user, lane, 20);
    const held = new Set<string>();
    const worker = async (): Promise<number> => {
      let done = 0;
      for (let misses = 0; misses < 20; ) {
        const job = await claim(T0 + 1_000, { turn: done });
        if (job === undefined) {
          misses += 1;
          continue;
        }
        misses = 0;
        const key = `${job.userId} ${job.lane}`;
        expect(held.has(key)).toBe(false);
        held.add(key);
        // An upload of the same user arrives while its job ends.
        const arrives = done % 5 === 0 ? backlog(job.userId, job.lane, 1) : undefined;
        await db.selectFrom("jobs").select("id").limit(1).execute();
        held.delete(key);
        expect(await complete(job, T0 + 1_001)).toBe(true);
        await arrives;
        done += 1;
      }
      return done;
    };
    let ended = false;
    const sweeping = (async () => {
      let forgotten = 0;
      while (!ended) forgotten += await forgetIdleTurns(db, T0 + 2_000, 10);
      return forgotten + (await forgetIdleTurns(db, T0 + 2_000, 10));
    })();
    const done = await Promise.all(Array.from({ length: 8 }, worker)).finally(() => {
      ended = true;
    });
    expect(await sweeping).toBeGreaterThanOrEqual(6);
    const { rows } = await sql<{ n: number }>`select count(*) as n from jobs where state <> 'completed'`.execute(db);
    expect(rows[0]?.n).toBe(0);
    expect(done.reduce((sum, n) => sum + n, 0)).toBeGreaterThanOrEqual(120);
    expect(await turns()).toEqual([]);
  });
});

describe("a long queue", () => {
  it("of 20,000 jobs and 1,000 users is claimed from by index", async () => {
    await sql`alter table jobs disable trigger user`.execute(db);
    await sql`insert into jobs (user_id, id, kind, state, lane, payload, due_at, created_at, updated_at, captured_at)
      select 'u' || n % 1000, gen_random_uuid(), 'sync', 'queued', 'backfill', '{}', at, at, at, at + n * interval '1 second'
      from generate_series(1, 20000) n, (select ${new Date(T0)}::timestamptz as at) now`.execute(db);
    await sql`insert into sync_turns (user_id, lane, waiting, ready_at, turn_at)
      select user_id, lane, count(*), min(due_at), min(created_at) from jobs group by user_id, lane`.execute(db);
    await sql`alter table jobs enable trigger user`.execute(db);
    await sql`analyze jobs, sync_turns`.execute(db);
    await claimed(T0 + 1);
    const began = performance.now();
    for (let n = 0; n < 50; n += 1) await claimed(T0 + 2 + n, { turn: n });
    expect((performance.now() - began) / 50).toBeLessThan(25);
    const { rows } = await sql<{ n: number }>`select count(distinct user_id) as n from jobs
      where state = 'leased'`.execute(db);
    expect(rows[0]?.n).toBe(51);
  });
});
