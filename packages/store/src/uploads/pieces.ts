/**
 * Pieces of sound that were transcribed or judged silent, by an id that is a function of their samples and of when they were
 * recorded. Written in the transaction that stores their words, never for a piece that failed: whatever batch brings the
 * same sound again need not ask an engine, adds nothing, and does not bring back a conversation that was deleted since
 * (reference offline-sync 5.4 and 5.5).
 *
 * Locks: the one row, by key.
 */
import { sql } from "kysely";
import type { Db } from "../database.ts";

/** The conversations its words went into, as they were then; undefined where the piece was never judged. */
export async function findPiece(db: Db, userId: string, id: string): Promise<readonly string[] | undefined> {
  const row = await db
    .selectFrom("sync_pieces")
    .select("conversation_ids")
    .where("user_id", "=", userId)
    .where("id", "=", id)
    .executeTakeFirst();
  return row?.conversation_ids;
}

export async function rememberPiece(
  trx: Db,
  userId: string,
  id: string,
  conversationIds: readonly string[],
  nowMs: number,
): Promise<void> {
  await trx
    .insertInto("sync_pieces")
    .values({ user_id: userId, id, conversation_ids: [...conversationIds], created_at: new Date(nowMs) })
    .onConflict((conflict) => conflict.columns(["user_id", "id"]).doNothing())
    .execute();
}

/** Forgets what is older than any recording that would still be taken. Returns how many. */
export async function deleteExpiredPieces(db: Db, beforeMs: number, limit: number): Promise<number> {
  const result = await sql`delete from sync_pieces p using (
      select user_id, id from sync_pieces where created_at < ${new Date(beforeMs)} limit ${limit}
    ) old where p.user_id = old.user_id and p.id = old.id`.execute(db);
  return Number(result.numAffectedRows ?? 0n);
}
