/**
 * What the holder of a lease may write: a heartbeat, progress, an ending, a failure, or giving the job back. Every statement
 * names epoch and generation and writes nothing where the lease was lost; the caller then stops at once.
 *
 * Locks: the one job row, by key, for the length of the statement or of the caller's transaction.
 */
import type { FailureClass } from "@holdfast/contract";
import { isTerminal, type JobDecision, stepJob } from "@holdfast/core";
import { sql } from "kysely";
import type { Db } from "../database.ts";
import type { Job } from "./job.ts";

export type LeaseKey = Pick<Job, "userId" | "id" | "epoch" | "generation">;

/** Extends the lease. False means that it was lost. */
export async function heartbeatJob(db: Db, key: LeaseKey, nowMs: number, leaseMs: number): Promise<boolean> {
  const result = await held(db, key)
    .set({ lease_until: new Date(nowMs + leaseMs), updated_at: new Date(nowMs) })
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

/**
 * Stores how far the work is, for people and for whoever takes over. Where it is further than before, the worker is evidently
 * alive, and leases lost earlier count no more. False means that the lease was lost.
 */
export async function progressJob(
  db: Db,
  key: LeaseKey,
  nowMs: number,
  progress: Readonly<Record<string, unknown>>,
  stage: string | null,
): Promise<boolean> {
  const next = JSON.stringify(progress);
  const result = await held(db, key)
    .set({
      progress: next,
      stage,
      lost_leases: sql`case when progress is distinct from ${next}::jsonb then 0 else lost_leases end`,
      updated_at: new Date(nowMs),
    })
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

export interface Completion {
  readonly outcome: "completed" | "partial_failure" | "failed";
  readonly result: Readonly<Record<string, unknown>>;
  readonly reasonCode?: string | null;
  readonly lastError?: string | null;
  readonly nowMs: number;
}

/** Ends the job, inside the transaction that writes what it made. False means that the lease was lost: roll back. */
export async function completeJob(trx: Db, key: LeaseKey, completion: Completion): Promise<boolean> {
  const now = new Date(completion.nowMs);
  const result = await held(trx, key)
    .set({
      state: completion.outcome,
      result: JSON.stringify(completion.result),
      reason_code: completion.reasonCode ?? null,
      last_error: completion.lastError ?? null,
      stage: null,
      lease_owner: null,
      lease_until: null,
      completed_at: now,
      updated_at: now,
    })
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

export interface JobFailure {
  readonly class: FailureClass;
  readonly code: string;
  readonly message: string;
  readonly retryAfterMs?: number | undefined;
  /** Not a failure that the holder met, but its predecessors' silent ends; the job machine then counts lost leases. */
  readonly leaseLost?: boolean | undefined;
}

/** What is recorded of a job whose workers end without a word. */
export const WORKER_DIED: JobFailure = {
  class: "capacity",
  code: "worker_died",
  message: "the processes that worked on this ended without a word",
  leaseLost: true,
};

/** What `failJob` would make of it; undefined where the job has ended already. */
export function decideFailure(job: Job, failure: JobFailure, random: number): JobDecision | undefined {
  const leased = { ...job, state: "leased" } as const;
  if (failure.leaseLost === true) return stepJob(leased, { type: "lost" }, random);
  return stepJob(leased, { type: "fail", class: failure.class, retryAfterMs: failure.retryAfterMs }, random);
}

/** Records a failure as `stepJob` decides. Returns the new state, or undefined where the lease was lost. */
export async function failJob(
  db: Db,
  job: Job,
  failure: JobFailure,
  nowMs: number,
  random: number,
): Promise<Job["state"] | undefined> {
  const decision = decideFailure(job, failure, random);
  // A lost lease may also mean nothing: the holder then simply works on.
  if (decision === undefined || decision.state === "leased") return decision?.state;
  const now = new Date(nowMs);
  const result = await held(db, job)
    .set({
      state: decision.state,
      attempts: decision.attempts,
      tries: decision.tries,
      lost_leases: decision.lostLeases,
      due_at: new Date(nowMs + decision.delayMs),
      reason_code: failure.code,
      failure_class: decision.attempts > job.attempts ? "content" : failure.class,
      last_error: failure.message.slice(0, 500),
      lease_owner: null,
      lease_until: null,
      updated_at: now,
      completed_at: isTerminal(decision.state) ? now : null,
    })
    .executeTakeFirst();
  return result.numUpdatedRows === 1n ? decision.state : undefined;
}

/** Gives the job back untouched, at once, for another process (drain). */
export async function releaseJob(db: Db, key: LeaseKey, nowMs: number): Promise<boolean> {
  const result = await held(db, key)
    .set({
      state: "queued",
      lease_owner: null,
      lease_until: null,
      due_at: new Date(nowMs),
      updated_at: new Date(nowMs),
    })
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

function held(db: Db, key: LeaseKey) {
  return db
    .updateTable("jobs")
    .where("user_id", "=", key.userId)
    .where("id", "=", key.id)
    .where("state", "=", "leased")
    .where("lease_epoch", "=", key.epoch)
    .where("generation", "=", key.generation);
}

/** Locks the job row and says whether the lease is still held; for transactions that write elsewhere first. */
export async function holdsLease(trx: Db, key: LeaseKey): Promise<boolean> {
  const { rows } = await sql`select 1 from jobs where user_id = ${key.userId} and id = ${key.id}
    and state = 'leased' and lease_epoch = ${key.epoch} and generation = ${key.generation} for update`.execute(trx);
  return rows.length === 1;
}
