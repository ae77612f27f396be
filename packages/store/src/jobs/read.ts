/** Looking at jobs without touching them. */
import { JOBS } from "@holdfast/contract";
import type { JobKind, JobState } from "@holdfast/core";
import { sql } from "kysely";
import type { Db } from "../database.ts";
import { type Job, jobOf } from "./job.ts";

/** Any user's job: the one place that looks beyond the user id, to tell "not yours" (403) from "unknown" (404). */
export async function findJobOfAnyUser(db: Db, id: string): Promise<Job | undefined> {
  const row = await db.selectFrom("jobs").selectAll().where("id", "=", id).executeTakeFirst();
  return row === undefined ? undefined : jobOf(row);
}

export async function findJob(db: Db, userId: string, id: string): Promise<Job | undefined> {
  const row = await db
    .selectFrom("jobs")
    .selectAll()
    .where("user_id", "=", userId)
    .where("id", "=", id)
    .executeTakeFirst();
  return row === undefined ? undefined : jobOf(row);
}

/** A user's jobs of one kind that are not over. */
export async function countOpenJobs(db: Db, userId: string, kind: JobKind): Promise<number> {
  const row = await db
    .selectFrom("jobs")
    .select((eb) => eb.fn.countAll<number>().as("n"))
    .where("user_id", "=", userId)
    .where("kind", "=", kind)
    .where("state", "in", ["queued", "leased"])
    .executeTakeFirstOrThrow();
  return Number(row.n);
}

export async function listJobs(
  db: Db,
  filter: {
    readonly userId?: string;
    readonly kinds?: readonly JobKind[];
    readonly states?: readonly JobState[];
    readonly limit: number;
  },
): Promise<Job[]> {
  let query = db.selectFrom("jobs").selectAll().orderBy("created_at", "desc").limit(filter.limit);
  if (filter.userId !== undefined) query = query.where("user_id", "=", filter.userId);
  if (filter.kinds !== undefined) query = query.where("kind", "in", [...filter.kinds]);
  if (filter.states !== undefined) query = query.where("state", "in", [...filter.states]);
  return (await query.execute()).map(jobOf);
}

/** What is not over: in work first, then blocked, then waiting, the oldest of each first. */
export async function listOpenJobs(db: Db, limit: number): Promise<Job[]> {
  const order = ["leased", "blocked", "queued"];
  const rows = await db
    .selectFrom("jobs")
    .selectAll()
    .where("state", "in", order)
    .orderBy(sql`array_position(${order}::text[], state)`)
    .orderBy("created_at")
    .orderBy("id")
    .limit(limit)
    .execute();
  return rows.map(jobOf);
}

/**
 * Jobs that gave up for good, newest first. An offline batch says `failed` then, as released clients expect; one of old
 * recordings is listed whatever it failed of (reference offline-sync 7.8), unless it was never begun.
 */
export async function listDeadLetters(db: Db, limit: number): Promise<Job[]> {
  const rows = await db
    .selectFrom("jobs")
    .selectAll()
    .where((eb) =>
      eb.or([
        eb("state", "=", "dead_letter"),
        eb.and([
          eb("kind", "=", "sync"),
          eb("state", "=", "failed"),
          eb("started_at", "is not", null),
          eb.or([eb("attempts", ">=", JOBS.maxAttempts), eb("lane", "=", "backfill")]),
        ]),
      ]),
    )
    .orderBy("created_at", "desc")
    .limit(limit)
    .execute();
  return rows.map(jobOf);
}

export interface QueueDepth {
  readonly kind: string;
  readonly state: string;
  readonly count: number;
}

/** Jobs that are not final, per kind and state. */
export async function queueDepths(db: Db): Promise<QueueDepth[]> {
  const rows = await db
    .selectFrom("jobs")
    .select((eb) => ["kind", "state", eb.fn.countAll<number>().as("count")])
    .where("state", "in", ["queued", "leased", "blocked"])
    .groupBy(["kind", "state"])
    .execute();
  return rows.map(({ kind, state, count }) => ({ kind, state, count: Number(count) }));
}
