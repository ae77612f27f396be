/**
 * Claims of live captures (reference offline-sync 7.2): a conversation that was recorded live is proven by one set of files
 * for six hours, and by no other.
 *
 * Locks: the one row, for the length of the statement.
 */
import { CAPTURE_MANIFEST } from "@holdfast/contract";
import { sql } from "kysely";
import type { Db } from "../database.ts";

export interface CaptureClaim {
  readonly userId: string;
  readonly conversationId: string;
  readonly fileSet: string;
  readonly nowMs: number;
}

/** False where another set of files was claimed within that time. The same set again keeps the time of the first claim. */
export async function claimCapture(db: Db, claim: CaptureClaim): Promise<boolean> {
  const expired = new Date(claim.nowMs - CAPTURE_MANIFEST.claimMs);
  const { rows } = await sql<{ file_set: string }>`
    insert into capture_claims (user_id, conversation_id, file_set, claimed_at)
    values (${claim.userId}, ${claim.conversationId}, ${claim.fileSet}, ${new Date(claim.nowMs)})
    on conflict (user_id, conversation_id) do update set
      file_set = case when capture_claims.claimed_at <= ${expired} then excluded.file_set else capture_claims.file_set end,
      claimed_at = case when capture_claims.claimed_at <= ${expired} then excluded.claimed_at
        else capture_claims.claimed_at end
    returning file_set`.execute(db);
  return rows[0]?.file_set === claim.fileSet;
}

/** Removes claims that no longer bind anybody. Returns how many. */
export async function forgetCaptureClaims(db: Db, nowMs: number): Promise<number> {
  const result = await db
    .deleteFrom("capture_claims")
    .where("claimed_at", "<=", sql<number>`${new Date(nowMs - CAPTURE_MANIFEST.claimMs)}`)
    .executeTakeFirst();
  return Number(result.numDeletedRows);
}
