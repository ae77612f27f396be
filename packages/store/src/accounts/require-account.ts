/** A request that began before its account was deleted, and ends after, must leave nothing behind. */
import { HoldfastError } from "@holdfast/contract";
import { sql } from "kysely";
import type { Db } from "../database.ts";

/** Throws HoldfastError `unauthorized` where the account was deleted and not begun anew. */
export async function requireAccount(db: Db, userId: string): Promise<void> {
  const { rows } = await sql`select 1 from account_deletions d where d.user_id = ${userId}
    and not exists (select 1 from users u where u.id = d.user_id and u.created_at >= d.requested_at)`.execute(db);
  if (rows.length === 0) return;
  throw new HoldfastError("this account was deleted", { code: "unauthorized", class: "auth", scope: "account" });
}
