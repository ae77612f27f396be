/**
 * Leases the next due job, or one job by its id. A claim raises the epoch, so whoever held the job before can write nothing
 * any more (law L7).
 *
 * Locks: one job row, with SKIP LOCKED, so that claimers never wait for one another and cannot deadlock. The transaction is
 * the single statement.
 */
import type { JobKind } from "@holdfast/core";
import { isTerminal } from "@holdfast/core";
import type { Selectable } from "kysely";
import { sql } from "kysely";
import type { Db } from "../database.ts";
import type { JobsTable } from "../schema.ts";
import { type Job, jobOf } from "./job.ts";

export interface ClaimRequest {
  /** Name of this process, for people who look at the table. */
  readonly owner: string;
  readonly nowMs: number;
  readonly leaseMs: number;
}

/** The next job of these kinds: lowest rank first, then longest due. Expired leases count as due. */
export async function claimJob(db: Db, kinds: readonly JobKind[], request: ClaimRequest): Promise<Job | undefined> {
  const now = new Date(request.nowMs);
  const until = new Date(request.nowMs + request.leaseMs);
  const { rows } = await sql<Selectable<JobsTable>>`
    with expired as (
      select user_id, id from jobs
      where kind in (${sql.join(kinds)}) and state = 'leased' and lease_until <= ${now}
      order by lease_until limit 1
      for update skip locked
    ), waiting as (
      select user_id, id from jobs
      where kind in (${sql.join(kinds)}) and state = 'queued' and due_at <= ${now}
        and not exists (select 1 from expired)
      order by rank, due_at limit 1
      for update skip locked
    ), next as (select * from expired union all select * from waiting limit 1)
    update jobs set state = 'leased', lease_epoch = lease_epoch + 1, lease_owner = ${request.owner}, lease_until = ${until},
      reason_code = null, started_at = coalesce(started_at, ${now}), updated_at = ${now}
    from next where jobs.user_id = next.user_id and jobs.id = next.id
    returning jobs.*`.execute(db);
  return rows[0] === undefined ? undefined : jobOf(rows[0]);
}

export type ClaimByIdOutcome =
  | { readonly outcome: "claimed"; readonly job: Job }
  | { readonly outcome: "missing" }
  | { readonly outcome: "leased" }
  | { readonly outcome: "blocked" }
  | { readonly outcome: "stale_generation"; readonly generation: number }
  | { readonly outcome: "terminal"; readonly job: Job };

/** One job that somebody was told about. `generation` undefined means any. */
export async function claimJobById(
  db: Db,
  key: { readonly userId: string; readonly id: string; readonly generation?: number | undefined },
  request: ClaimRequest,
): Promise<ClaimByIdOutcome> {
  const now = new Date(request.nowMs);
  const until = new Date(request.nowMs + request.leaseMs);
  const { rows } = await sql<Selectable<JobsTable>>`
    update jobs set state = 'leased', lease_epoch = lease_epoch + 1, lease_owner = ${request.owner}, lease_until = ${until},
      reason_code = null, started_at = coalesce(started_at, ${now}), updated_at = ${now}
    where user_id = ${key.userId} and id = ${key.id}
      and (state = 'queued' or (state = 'leased' and lease_until <= ${now}))
      and (${key.generation ?? null}::int is null or generation = ${key.generation ?? null}::int)
    returning *`.execute(db);
  if (rows[0] !== undefined) return { outcome: "claimed", job: jobOf(rows[0]) };
  const row = await db
    .selectFrom("jobs")
    .selectAll()
    .where("user_id", "=", key.userId)
    .where("id", "=", key.id)
    .executeTakeFirst();
  if (row === undefined) return { outcome: "missing" };
  const job = jobOf(row);
  if (isTerminal(job.state)) return { outcome: "terminal", job };
  if (job.state === "blocked") return { outcome: "blocked" };
  if (key.generation !== undefined && job.generation !== key.generation) {
    return { outcome: "stale_generation", generation: job.generation };
  }
  return { outcome: "leased" };
}
