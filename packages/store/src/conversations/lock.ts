/**
 * How every transaction begins that changes a conversation or ends a job of one: with the lock on its row. It comes before
 * those of recording sessions and jobs, so that no two transactions wait for each other.
 */
import type { Db } from "../database.ts";

/** The row, locked, unless it was deleted; choose the columns and execute. `id` null names none. */
export function lockedConversation(trx: Db, userId: string, id: string | null) {
  return trx
    .selectFrom("conversations")
    .where("user_id", "=", userId)
    .where("id", "=", id ?? "")
    .where("deleted_at", "is", null)
    .forUpdate();
}

/** Locks the row also where it was deleted; harmless where there is none. */
export async function lockConversation(trx: Db, userId: string, id: string | null): Promise<void> {
  await trx
    .selectFrom("conversations")
    .select("id")
    .where("user_id", "=", userId)
    .where("id", "=", id ?? "")
    .forUpdate()
    .execute();
}
