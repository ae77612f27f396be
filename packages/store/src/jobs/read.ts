/** Looking at jobs without touching them. */
import type { JobKind } from "@holdfast/core";
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

export async function listJobs(
  db: Db,
  filter: { readonly userId?: string; readonly kinds?: readonly JobKind[]; readonly limit: number },
): Promise<Job[]> {
  let query = db.selectFrom("jobs").selectAll().orderBy("created_at", "desc").limit(filter.limit);
  if (filter.userId !== undefined) query = query.where("user_id", "=", filter.userId);
  if (filter.kinds !== undefined) query = query.where("kind", "in", [...filter.kinds]);
  return (await query.execute()).map(jobOf);
}

export interface QueueDepth {
  readonly kind: string;
  readonly state: string;
  readonly count: number;
  /** Creation of the oldest, Unix milliseconds. */
  readonly oldestMs: number;
}

/** Jobs that are not final, per kind and state, with the age of the oldest (law L5). */
export async function queueDepths(db: Db): Promise<QueueDepth[]> {
  const rows = await db
    .selectFrom("jobs")
    .select((eb) => ["kind", "state", eb.fn.countAll<number>().as("count"), eb.fn.min("created_at").as("oldest")])
    .where("state", "in", ["queued", "leased", "blocked"])
    .groupBy(["kind", "state"])
    .execute();
  return rows.map((row) => ({
    kind: row.kind,
    state: row.state,
    count: Number(row.count),
    oldestMs: Number(row.oldest),
  }));
}
