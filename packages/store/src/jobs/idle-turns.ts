/**
 * Forgets turns that say nothing any more: nothing of the user's lane waits or is in work, and its last turn is long ago. What
 * comes next begins its wait at its own arrival either way (migration 0009), so nobody's turn changes.
 *
 * Locks: the rows it deletes, with SKIP LOCKED; it waits for nobody. A job that comes at the same time finds no row and writes
 * a new one, or has written its own already, which is younger than `beforeMs` then.
 */
import { sql } from "kysely";
import type { Db } from "../database.ts";

/** Returns how many rows went. */
export async function forgetIdleTurns(db: Db, beforeMs: number, limit: number): Promise<number> {
  const { numAffectedRows } = await sql`
    delete from sync_turns where ctid in (
      select t.ctid from sync_turns t
      where t.waiting = 0 and t.turn_at < ${new Date(beforeMs)}
        and not exists (select from jobs where jobs.user_id = t.user_id and jobs.lane = t.lane and kind = 'sync'
          and state in ('queued', 'leased'))
      limit ${limit} for update skip locked)`.execute(db);
  return Number(numAffectedRows ?? 0n);
}
