/**
 * Rewrites a part of what a conversation shows of itself (tasks, calendar events). What the schema does not know is kept.
 *
 * Locks: the conversation row.
 */
import { Structured } from "@holdfast/contract";
import type { Db } from "../database.ts";
import { lockedConversation } from "./lock.ts";

/** `edit` returns the parts that change. False where the conversation does not exist (any more). */
export async function editStructured(
  trx: Db,
  userId: string,
  conversationId: string | null,
  nowMs: number,
  edit: (structured: Structured) => Partial<Structured>,
): Promise<boolean> {
  const row = await lockedConversation(trx, userId, conversationId).select(["id", "structured"]).executeTakeFirst();
  if (row === undefined) return false;
  const structured = { ...row.structured, ...edit(Structured.parse(row.structured)) };
  await trx
    .updateTable("conversations")
    .set({ structured: JSON.stringify(structured), updated_at: new Date(nowMs) })
    .where("user_id", "=", userId)
    .where("id", "=", row.id)
    .execute();
  return true;
}
