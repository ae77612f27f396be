/**
 * What waits in the queue of uploads, for all and for one user. Reads only. Costs grow with the users that wait, the age of the
 * oldest with the jobs (some tens of milliseconds for 100,000), so callers remember the answer for a moment.
 */
import type { LaneLoad, QueueLoad, SyncLane } from "@holdfast/core";
import { sql } from "kysely";
import type { Db } from "../database.ts";

const NOTHING: LaneLoad = { waiting: 0, audioSeconds: 0, oldestMs: undefined };

export async function loadQueue(db: Db): Promise<QueueLoad> {
  const { rows } = await sql<{ lane: string; waiting: number; seconds: number; oldest: number | null }>`
    select t.lane, t.waiting, t.seconds, oldest.at as oldest from (
      select lane, sum(waiting) as waiting, sum(audio_seconds) as seconds from sync_turns where waiting > 0 group by lane
    ) t left join (
      select lane, min(created_at) as at from jobs where kind = 'sync' and state = 'queued' group by lane
    ) oldest on oldest.lane = t.lane`.execute(db);
  const of = (lane: SyncLane): LaneLoad => {
    const row = rows.find((each) => each.lane === lane);
    if (row === undefined) return NOTHING;
    return { waiting: Number(row.waiting), audioSeconds: Number(row.seconds), oldestMs: row.oldest ?? undefined };
  };
  const { rows: one } = await sql<{ running: number; speed: number | null; measured: number | null }>`
    select (select count(*) from jobs where kind = 'sync' and state = 'leased') as running,
      (select speed from service_speed where kind = 'sync') as speed,
      (select measured_at from service_speed where kind = 'sync') as measured`.execute(db);
  return {
    ...{ fresh: of("fresh"), backfill: of("backfill"), running: Number(one[0]?.running ?? 0) },
    ...{ speed: one[0]?.speed ?? undefined, speedMeasuredMs: one[0]?.measured ?? undefined },
  };
}

/** One user's part of a lane. */
export interface UserLane {
  readonly lane: SyncLane;
  readonly waiting: number;
  readonly running: number;
  /** Sound of theirs that waits. */
  readonly audioSeconds: number;
  /** Users whose turn in this lane comes before, and the sound of one job of each. */
  readonly usersAhead: number;
  readonly secondsAhead: number;
  /** Sound of others that is worked on before the user's last job, because they take turns. */
  readonly secondsBetween: number;
  /** Why and until when all that waits does so; null where it only waits for its turn. */
  readonly paused: { readonly reason: string; readonly untilMs: number } | null;
}

interface UserLaneRow {
  readonly lane: SyncLane;
  readonly waiting: number;
  readonly running: number;
  readonly audio_seconds: number;
  readonly users_ahead: number;
  readonly seconds_ahead: number;
  readonly seconds_between: number;
  readonly reason: string | null;
  readonly due: number | null;
}

/** Lanes in which nothing of the user is left out. */
export async function loadUserQueue(db: Db, userId: string, nowMs: number): Promise<UserLane[]> {
  const now = new Date(nowMs);
  const { rows } = await sql<UserLaneRow>`
    select me.lane, me.waiting, me.audio_seconds, leased.n as running, head.reason_code as reason, head.due_at as due,
      coalesce(others.users_ahead, 0) as users_ahead, coalesce(others.seconds_ahead, 0) as seconds_ahead,
      coalesce(others.seconds_between, 0) as seconds_between
    from sync_turns me
    cross join lateral (
      select count(*) as n from jobs
      where user_id = me.user_id and lane = me.lane and kind = 'sync' and state = 'leased'
    ) leased
    left join lateral (
      select reason_code, due_at from jobs
      where user_id = me.user_id and lane = me.lane and kind = 'sync' and state = 'queued' order by due_at limit 1
    ) head on true
    left join lateral (
      select count(*) filter (where o.is_ahead) as users_ahead,
        sum(o.audio_seconds / o.waiting) filter (where o.is_ahead) as seconds_ahead,
        sum(o.audio_seconds / o.waiting * least(o.waiting, me.waiting)) as seconds_between
      from (
        select *, (turn_at, user_id) < (me.turn_at, me.user_id) as is_ahead from sync_turns
        where lane = me.lane and waiting > 0 and user_id <> me.user_id and (ready_at is null or ready_at <= ${now})
      ) o
    ) others on true
    where me.user_id = ${userId} and (me.waiting > 0 or leased.n > 0)
    order by me.lane desc`.execute(db);
  return rows.map((row) => ({
    ...{ lane: row.lane, waiting: row.waiting, running: Number(row.running), audioSeconds: row.audio_seconds },
    ...{ usersAhead: Number(row.users_ahead), secondsAhead: Number(row.seconds_ahead) },
    secondsBetween: Number(row.seconds_between),
    paused:
      row.due !== null && row.due > nowMs && Number(row.running) === 0
        ? { reason: row.reason ?? "retry", untilMs: row.due }
        : null,
  }));
}
