/**
 * Users take turns in the queue of uploads. `sync_turns` has one row for each user and lane: how much waits there, when the
 * lane can be claimed next (null while one of its jobs is leased or nothing waits), and since when it waits for its turn. A
 * trigger keeps it, so that no statement can forget it; it runs at the end of the transaction, when no other lock is asked for
 * any more, and therefore cannot deadlock. The unique index is the promise itself: one job of a user and lane at a time.
 *
 * `service_figures` and `service_speed` are what workers measure: counters for the figures page, and how many seconds of sound
 * one of them gets through in a second.
 */
import { type Kysely, sql } from "kysely";

const STATEMENTS = [
  `alter table jobs add column captured_at timestamptz`,
  `alter table jobs add column audio_seconds double precision not null default 0`,
  // Opus of 32 kbit/s, the guess of core/capacity; old jobs never said how long they are.
  `update jobs set captured_at = coalesce(f.captured_at, jobs.created_at), audio_seconds = f.bytes / 4000.0
    from (select user_id, job_id, min(captured_at) as captured_at, sum(bytes) as bytes from upload_files
      group by user_id, job_id) f
    where f.user_id = jobs.user_id and f.job_id = jobs.id and jobs.kind = 'sync'`,
  // Two jobs of a user may be in work now; the workers notice that their leases are gone, and others go on.
  `update jobs set state = 'queued', lease_owner = null, lease_until = null where kind = 'sync' and state = 'leased'`,
  `drop index jobs_sync_waiting`,
  `create unique index jobs_sync_leased on jobs (user_id, lane) where kind = 'sync' and state = 'leased'`,
  `create index jobs_sync_order on jobs (user_id, lane, captured_at, id) where kind = 'sync' and state = 'queued'`,
  `create index jobs_sync_due on jobs (user_id, lane, due_at) where kind = 'sync' and state = 'queued'`,
  `create table sync_turns (
    user_id text not null,
    lane text not null check (lane in ('fresh', 'backfill')),
    waiting integer not null default 0,
    audio_seconds double precision not null default 0,
    ready_at timestamptz,
    turn_at timestamptz not null,
    primary key (user_id, lane)
  ) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02)`,
  `create index sync_turns_next on sync_turns (lane, turn_at, user_id) where ready_at is not null`,
  `create index sync_turns_waiting on sync_turns (lane) where waiting > 0`,
  `insert into sync_turns (user_id, lane, waiting, audio_seconds, ready_at, turn_at)
    select user_id, lane, count(*), sum(audio_seconds), min(due_at), min(created_at) from jobs
    where kind = 'sync' and state = 'queued' group by user_id, lane`,
  `create function keep_sync_turn() returns trigger language plpgsql as $$
  declare
    job jobs := case when tg_op = 'DELETE' then old else new end;
    came integer := (tg_op <> 'DELETE' and new.state = 'queued')::int - (tg_op <> 'INSERT' and old.state = 'queued')::int;
    turn sync_turns;
  begin
    select * into turn from sync_turns where user_id = job.user_id and lane = job.lane for update;
    if not found then
      insert into sync_turns (user_id, lane, turn_at) values (job.user_id, job.lane, job.updated_at)
        on conflict do nothing;
      select * into turn from sync_turns where user_id = job.user_id and lane = job.lane for update;
    end if;
    update sync_turns set
      waiting = turn.waiting + came,
      audio_seconds = case when turn.waiting + came = 0 then 0 else turn.audio_seconds + came * job.audio_seconds end,
      ready_at = case when exists (select from jobs
          where user_id = job.user_id and lane = job.lane and kind = 'sync' and state = 'leased') then null
        else (select min(due_at) from jobs
          where user_id = job.user_id and lane = job.lane and kind = 'sync' and state = 'queued') end,
      turn_at = case when job.state = 'leased' or turn.waiting = 0 and came > 0
        then greatest(turn.turn_at, job.updated_at) else turn.turn_at end
    where user_id = job.user_id and lane = job.lane;
    return null;
  end $$`,
  `create constraint trigger sync_job_came after insert on jobs deferrable initially deferred
    for each row when (new.kind = 'sync' and new.state in ('queued', 'leased')) execute function keep_sync_turn()`,
  `create constraint trigger sync_job_moved after update of state, due_at on jobs deferrable initially deferred
    for each row when (new.kind = 'sync' and (old.state <> new.state or old.due_at <> new.due_at))
    execute function keep_sync_turn()`,
  `create constraint trigger sync_job_went after delete on jobs deferrable initially deferred
    for each row when (old.kind = 'sync' and old.state in ('queued', 'leased')) execute function keep_sync_turn()`,
  `create table service_figures (
    name text not null,
    labels text not null,
    value double precision not null,
    primary key (name, labels)
  )`,
  `create table service_speed (
    kind text primary key,
    speed double precision not null,
    measured_at timestamptz not null
  )`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
