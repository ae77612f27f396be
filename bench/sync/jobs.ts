/**
 * How many jobs a second go through lease, work that does nothing, and completion: two loops of workers on one queue of 100,000
 * jobs of 1,000 users, half of them fresh. And how long a fresh job waits behind another user's 1,000 old ones, against an empty queue, where each
 * job takes 50 ms.
 */
import { type Log, silentLog } from "@holdfast/core";
import { systemClock } from "@holdfast/runtime";
import { completeJob, type Db, enqueueJob, type Job, openDatabase, startJobLoop } from "@holdfast/store";
import { startTestServer } from "@holdfast/testkit";
import { sql } from "kysely";
import { line } from "../pipeline/figures.ts";

const WORKERS = 2;
const PLACES = 2;
const SECONDS = 8;

export async function measureJobs(options: { readonly backlog: number }): Promise<void> {
  await using server = await startTestServer();
  await using database = await server.database();
  const { db, url } = database;
  await waitRatio(db, url);
  for (const lane of ["fresh", "backfill"] as const) await fill(db, lane, options.backlog / 2, 1_000);
  await sql`vacuum analyze jobs, sync_turns`.execute(db);
  let done = 0;
  const began = performance.now();
  const stop = await work(url, WORKERS, async (own, job) => {
    await completeJob(own, job, { outcome: "completed", result: {}, nowMs: Date.now() });
    done += 1;
  });
  await new Promise((resolve) => setTimeout(resolve, SECONDS * 1_000));
  const rate = done / ((performance.now() - began) / 1_000);
  await stop();
  console.log(line(`jobs a second, ${options.backlog} wait, ${WORKERS} workers`, rate.toFixed(0), "at least 800"));
}

async function work(url: string, workers: number, handle: (db: Db, job: Job) => Promise<void>) {
  const log: Log = silentLog;
  const loops = Array.from({ length: workers }, (_, n) => {
    const db = openDatabase({ url, onIdleError: () => {} });
    const options = { db, kinds: ["sync", "repair"] as const, owner: `w${n}`, concurrency: PLACES, clock: systemClock };
    return { db, loop: startJobLoop({ ...options, log, handle: (job) => handle(db, job) }) };
  });
  return async () => {
    for (const { db, loop } of loops) {
      await loop.drain();
      await db.destroy();
    }
  };
}

async function fill(db: Db, lane: "fresh" | "backfill", count: number, users: number): Promise<void> {
  await sql`insert into jobs (user_id, id, kind, state, lane, payload, due_at, created_at, updated_at, captured_at)
    select 'old-' || n % ${users}::int, gen_random_uuid(), 'sync', 'queued', ${lane}, '{}', at, at, at,
      at - interval '30 days' + n * interval '1 second'
    from generate_series(1, ${count}::int) n, (select ${new Date()}::timestamptz as at) now`.execute(db);
}

const ROUNDS = 20;

/** Enqueue to begin of work, in the median of some rounds. */
async function waitRatio(db: Db, url: string): Promise<void> {
  const began = new Map<string, number>();
  const stop = await work(url, 1, async (own, job) => {
    began.set(job.id, performance.now());
    await new Promise((resolve) => setTimeout(resolve, 50));
    await completeJob(own, job, { outcome: "completed", result: {}, nowMs: Date.now() });
  });
  const median = async (): Promise<number> => {
    const waits: number[] = [];
    for (let n = 0; n < ROUNDS; n += 1) {
      const id = crypto.randomUUID();
      const nowMs = Date.now();
      const from = performance.now();
      await enqueueJob(db, { userId: "fresh", id, kind: "sync", lane: "fresh", payload: {}, dueMs: nowMs, nowMs });
      while (!began.has(id)) await new Promise((resolve) => setTimeout(resolve, 2));
      waits.push((began.get(id) ?? 0) - from);
      await new Promise((resolve) => setTimeout(resolve, 137));
    }
    return waits.sort((a, b) => a - b)[Math.floor(ROUNDS / 2)] ?? Number.NaN;
  };
  const empty = await median();
  await fill(db, "backfill", 1_000, 1);
  await sql`delete from jobs where user_id = 'fresh'`.execute(db);
  const behind = await median();
  await stop();
  await sql`delete from jobs`.execute(db);
  const waits = `${behind.toFixed(0)} ms / ${empty.toFixed(0)} ms = ${(behind / empty).toFixed(2)}`;
  console.log(line("a fresh job behind 1,000 old ones / on an empty queue", waits, "under 2"));
}
