/**
 * Marks calendar events of a conversation as created, or not, by their place (reference listen-and-pusher section 9). A place
 * that does not exist is passed over. False where there is no such conversation.
 *
 * Locks: the conversation row.
 */
import { editStructured } from "../conversations/edit-structured.ts";
import type { Db } from "../database.ts";

export async function markEvents(
  db: Db,
  userId: string,
  conversationId: string,
  created: ReadonlyMap<number, boolean>,
  nowMs: number,
): Promise<boolean> {
  return await db.transaction().execute((trx) =>
    editStructured(trx, userId, conversationId, nowMs, ({ events }) => ({
      events: events.map((event, index) => ({ ...event, created: created.get(index) ?? event.created })),
    })),
  );
}
