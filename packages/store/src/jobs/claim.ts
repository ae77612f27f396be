/**
 * Leases the next due job, or one job by its id. A claim raises the epoch, so whoever held the job before can write nothing
 * any more (law L7). Taking a job over whose lease ran out adds to its lost leases; its new holder must then ask the job machine
 * whether to begin (`core/job/lifecycle.ts`). Uploads are taken in turns of their users, see `core/capacity/turns.ts`.
 *
 * Locks: one job row, for an upload the row of its user's turn before it, all with SKIP LOCKED, so that claimers never wait for
 * one another and cannot deadlock; by id the row itself. The transaction is the single statement; the turn's row is written at
 * its end. A claimer that finds a turn which was taken since its snapshot sees the row's newer version and passes it over.
 */

import { JOBS } from "@holdfast/contract";
import { type ClaimClass, claimOrder, isTerminal, type JobKind, type SyncLane } from "@holdfast/core";
import type { RawBuilder } from "kysely";
import { sql } from "kysely";
import { type Db, plannedOnce } from "../database.ts";
import { JOB_COLUMNS, type Job, type JobRow, jobOf } from "./job.ts";

export interface ClaimRequest {
  /** Name of this process, for people who look at the table. */
  readonly owner: string;
  readonly nowMs: number;
  readonly leaseMs: number;
  /** This process works on something: jobs that may end it wait until it is idle, or until they waited long enough. */
  readonly busy?: boolean;
  /** How many jobs this process has claimed: decides what it looks for first. */
  readonly turn?: number;
  /** Leaves old recordings to others. */
  readonly withoutBackfill?: boolean;
}

export interface ClaimedJob extends Job {
  /** The holder before lost its lease. */
  readonly takenOver: boolean;
}

type ClaimedRow = JobRow & { readonly taken_over: boolean };

/** By name: a plan that is kept does not live through a column more in `*`, and new columns come while old workers run. */
const CLAIMED = sql`${sql.join(JOB_COLUMNS.map((name) => sql.ref(`jobs.${name}`)))}, next.taken_over`;

/**
 * The next job of these kinds. Expired leases first, then what `claimOrder` says; other work than uploads by lowest rank, then
 * longest due.
 */
export async function claimJob(
  db: Db,
  kinds: readonly JobKind[],
  request: ClaimRequest,
): Promise<ClaimedJob | undefined> {
  const now = new Date(request.nowMs);
  const others = kinds.filter((kind) => kind !== "sync");
  const classes = claimOrder(request.turn ?? 0).filter((each) =>
    each === "other" ? others.length > 0 : kinds.includes("sync") && !(each === "backfill" && request.withoutBackfill),
  );
  const tried = ["expired", ...classes];
  const found = classes.map((each, at) => {
    const guard = sql.join(
      tried.slice(0, at + 1).map((name) => sql`not exists (select 1 from ${sql.id(name)})`),
      sql` and `,
    );
    return each === "other" ? waitingOther(others, request, guard) : waitingUpload(each, request, guard);
  });
  const { rows } = await sql<ClaimedRow>`${plannedOnce}
    with expired as (
      select user_id, id, true as taken_over from jobs
      where kind in (${namesOf(kinds)}) and state = 'leased' and lease_until <= ${now}
      order by lease_until limit 1
      for update skip locked
    ), ${sql.join(found)}, next as (
      ${sql.join(
        tried.map((name) => sql`select user_id, id, taken_over from ${sql.id(name)}`),
        sql` union all `,
      )} limit 1
    )
    update jobs set ${leasedBy(request)}
    from next where jobs.user_id = next.user_id and jobs.id = next.id
    returning ${CLAIMED}`.execute(db);
  return claimedOf(rows[0]);
}

type Part = RawBuilder<unknown>;

/** Of our own, and in the text of the statement: its plan depends on them. */
function namesOf(kinds: readonly JobKind[]): Part {
  return sql.join(kinds.map((kind) => sql.lit(kind)));
}

function waitingOther(kinds: readonly JobKind[], request: ClaimRequest, guard: Part): Part {
  return sql`${sql.id("other" satisfies ClaimClass)} as (
      select user_id, id, false as taken_over from jobs
      where kind in (${namesOf(kinds)}) and state = 'queued' and ${mayBegin(request)} and ${guard}
      order by rank, due_at limit 1
      for update skip locked
    )`;
}

/** First whose turn it is, then the oldest recording of theirs. */
function waitingUpload(lane: SyncLane, request: ClaimRequest, guard: Part): Part {
  const jobsOfTurn = sql`jobs.user_id = t.user_id and jobs.lane = t.lane and kind = 'sync' and state = 'queued'
        and ${mayBegin(request)}`;
  const turn = sql.id(`${lane}_turn`);
  return sql`${turn} as (
      select user_id, lane from sync_turns t
      where lane = ${sql.lit(lane)} and ready_at <= ${new Date(request.nowMs)} and ${guard}
        and (select true from jobs where ${jobsOfTurn} limit 1)
      order by turn_at, user_id limit 1
      for update skip locked
    ), ${sql.id(lane)} as (
      select job.user_id, job.id, false as taken_over from ${turn} t, lateral (
        select user_id, id from jobs where ${jobsOfTurn}
        order by captured_at, id limit 1
        for update skip locked
      ) job
    )`;
}

/** Due, and not what may end a process that works on something else. */
function mayBegin(request: ClaimRequest): Part {
  const now = new Date(request.nowMs);
  const patience = new Date(request.nowMs - JOBS.suspectPatienceMs);
  return sql`due_at <= ${now}
        and (lost_leases < ${JOBS.suspectLostLeases} or not ${request.busy === true} or due_at <= ${patience})`;
}

export type ClaimByIdOutcome =
  | { readonly outcome: "claimed"; readonly job: ClaimedJob }
  | { readonly outcome: "missing" }
  | { readonly outcome: "leased" }
  | { readonly outcome: "blocked" }
  /** It may be what ended its workers, and is not due yet. */
  | { readonly outcome: "waiting" }
  | { readonly outcome: "stale_generation"; readonly generation: number }
  | { readonly outcome: "terminal"; readonly job: Job };

/** One job that somebody was told about, due or not; uploads wait for their turn. `generation` undefined means any. */
export async function claimJobById(
  db: Db,
  key: { readonly userId: string; readonly id: string; readonly generation?: number | undefined },
  request: ClaimRequest,
): Promise<ClaimByIdOutcome> {
  const now = new Date(request.nowMs);
  const { rows } = await sql<ClaimedRow>`
    with next as (
      select user_id, id, state = 'leased' as taken_over from jobs
      where user_id = ${key.userId} and id = ${key.id}
        and ((state = 'queued' and (lost_leases < ${JOBS.suspectLostLeases} or due_at <= ${now}))
          or (state = 'leased' and lease_until <= ${now}))
        and (${key.generation ?? null}::int is null or generation = ${key.generation ?? null}::int)
        and (kind <> 'sync' or state = 'leased')
      for update
    )
    update jobs set ${leasedBy(request)}
    from next where jobs.user_id = next.user_id and jobs.id = next.id
    returning ${CLAIMED}`.execute(db);
  const claimed = claimedOf(rows[0]);
  if (claimed !== undefined) return { outcome: "claimed", job: claimed };
  const row = await db
    .selectFrom("jobs")
    .selectAll()
    .where("user_id", "=", key.userId)
    .where("id", "=", key.id)
    .executeTakeFirst();
  return row === undefined ? { outcome: "missing" } : refusalOf(jobOf(row), key.generation);
}

function refusalOf(job: Job, generation: number | undefined): ClaimByIdOutcome {
  if (isTerminal(job.state)) return { outcome: "terminal", job };
  if (generation !== undefined && job.generation !== generation) {
    return { outcome: "stale_generation", generation: job.generation };
  }
  if (job.state === "blocked") return { outcome: "blocked" };
  return { outcome: job.state === "queued" ? "waiting" : "leased" };
}

/** The columns of a job that this request leases; `next` is the row as it was. */
function leasedBy({ owner, nowMs, leaseMs }: ClaimRequest): Part {
  const now = new Date(nowMs);
  return sql`state = 'leased', lease_epoch = lease_epoch + 1, lease_owner = ${owner},
    lease_until = ${new Date(nowMs + leaseMs)}, lost_leases = lost_leases + next.taken_over::int, reason_code = null,
    started_at = coalesce(started_at, ${now}), updated_at = ${now}`;
}

function claimedOf(row: ClaimedRow | undefined): ClaimedJob | undefined {
  return row === undefined ? undefined : { ...jobOf(row), takenOver: row.taken_over };
}
