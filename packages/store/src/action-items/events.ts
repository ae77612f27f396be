/**
 * Marks calendar events of a conversation as created, or not, by their place (reference listen-and-pusher section 9). A place
 * that does not exist is passed over. False where there is no such conversation.
 *
 * Locks: the conversation row.
 */
import { Structured } from "@holdfast/contract";
import type { Db } from "../database.ts";

export async function markEvents(
  db: Db,
  userId: string,
  conversationId: string,
  created: ReadonlyMap<number, boolean>,
  nowMs: number,
): Promise<boolean> {
  return await db.transaction().execute(async (trx) => {
    const row = await trx
      .selectFrom("conversations")
      .select("structured")
      .where("user_id", "=", userId)
      .where("id", "=", conversationId)
      .where("deleted_at", "is", null)
      .forUpdate()
      .executeTakeFirst();
    if (row === undefined) return false;
    const events = Structured.parse(row.structured).events.map((event, index) => ({
      ...event,
      created: created.get(index) ?? event.created,
    }));
    await trx
      .updateTable("conversations")
      .set({ structured: JSON.stringify({ ...row.structured, events }), updated_at: new Date(nowMs) })
      .where("user_id", "=", userId)
      .where("id", "=", conversationId)
      .execute();
    return true;
  });
}
