/** Removes what fair use needs no more: meters and budgets after eight days, events after ninety. A page at a time. */
import { FAIR_USE } from "@holdfast/contract";
import { sql } from "kysely";
import type { Db } from "../database.ts";

/** Returns the number of rows. The case that a user was told last stays as long as its stage may. */
export async function expireFairUse(db: Db, nowMs: number, limit: number): Promise<number> {
  const before = new Date(nowMs - FAIR_USE.retentionMs);
  const eventsBefore = new Date(nowMs - FAIR_USE.eventRetentionMs);
  const speech = await sql`delete from fair_use_speech where ctid in (
    select ctid from fair_use_speech where minute < ${before} limit ${limit})`.execute(db);
  const budgets = await sql`delete from fair_use_budgets where ctid in (
    select ctid from fair_use_budgets where day < ${before} limit ${limit})`.execute(db);
  const events = await sql`delete from fair_use_events where ctid in (
    select e.ctid from fair_use_events e left join fair_use_users u on u.user_id = e.user_id
    where e.created_at < ${eventsBefore} and u.last_case_ref is distinct from e.case_ref limit ${limit})`.execute(db);
  return [speech, budgets, events].reduce((sum, { numAffectedRows }) => sum + Number(numAffectedRows ?? 0n), 0);
}
