/**
 * A queue with a long tail: jobs of others that wait, without files, so that each is done as soon as a worker comes to it. How quick
 * everything is beside them is asked for generously: the figures are the business of `bench/sync`.
 */
import { randomUUID } from "node:crypto";
import { JOBS } from "@holdfast/contract";
import { claimJob, releaseJob } from "@holdfast/store";
import { expect } from "vitest";
import type { Stage } from "./stage.ts";

export const BACKLOG = 10_000;
/** In one transaction; the turn of a user is written for each of its jobs. */
const PAGE = 200;
/** A busy machine, and a worker beside it. */
const QUICK_MS = 500;
const ROUNDS = 15;

/** Most are one user's old recordings, some are fresh, and the rest belong to as many users. */
export async function fillQueue({ world }: Stage): Promise<void> {
  const nowMs = Date.now();
  const jobs = Array.from({ length: BACKLOG }, (_, at) => ({
    user_id: at % 10 === 0 ? `backlog-${at}` : `backlog-${at % 10 === 1 ? "fresh" : "old"}`,
    id: randomUUID(),
    kind: "sync",
    state: "queued",
    lane: at % 10 === 1 ? "fresh" : "backfill",
    payload: "{}",
    audio_seconds: 60,
    captured_at: new Date(nowMs - 86_400_000 + at),
    due_at: new Date(nowMs),
    created_at: new Date(nowMs),
    updated_at: new Date(nowMs),
  }));
  for (let at = 0; at < BACKLOG; at += PAGE) {
    await world.db
      .insertInto("jobs")
      .values(jobs.slice(at, at + PAGE))
      .execute();
  }
}

/** How many of them are in each state. */
export async function backlogOf({ world }: Stage): Promise<Readonly<Record<string, number>>> {
  const rows = await world.db
    .selectFrom("jobs")
    .select((eb) => ["state", eb.fn.countAll<number>().as("count")])
    .where("user_id", "like", "backlog-%")
    .groupBy("state")
    .execute();
  return Object.fromEntries(rows.map(({ state, count }) => [state, Number(count)]));
}

/** While the worker goes through the queue: accepting, asking for a job, asking for the queue, and claiming. */
export async function expectQuick(stage: Stage): Promise<void> {
  const { db } = stage.world;
  const took = {
    accept: await median(async () => void (await stage.taken(await stage.post()))),
    job: await median(async () => void (await stage.told())),
    status: await median(async () => expect((await stage.get("/v1/sync/status")).status).toBe(200)),
    claim: await median(async () => {
      const request = { owner: "test", nowMs: Date.now(), leaseMs: JOBS.leaseMs };
      const job = await claimJob(db, ["sync"], request);
      if (job === undefined) throw new Error("nothing waits");
      expect(await releaseJob(db, job, Date.now())).toBe(true);
    }),
  };
  for (const [what, ms] of Object.entries(took)) expect(ms, what).toBeLessThan(QUICK_MS);
  // None was harmed: each waits, is in work, or is done.
  const { queued = 0, leased = 0, completed = 0, ...others } = await backlogOf(stage);
  expect(others).toEqual({});
  expect(queued + leased + completed).toBe(BACKLOG);
}

async function median(call: () => Promise<void>): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const from = performance.now();
    await call();
    times.push(performance.now() - from);
  }
  return times.sort((a, b) => a - b)[Math.floor(ROUNDS / 2)] ?? Number.NaN;
}
