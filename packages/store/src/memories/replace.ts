/**
 * The facts of a conversation are replaced as a whole by those of its new summary, except what a person wrote, changed or
 * judged. Ids are functions of the content, so a repeated run leaves one set, and a deleted fact stays deleted.
 *
 * Locks: memory rows of one conversation, inside the caller's transaction, which holds the conversation row.
 */
import type { Db } from "../database.ts";
import { deterministicUuid } from "../ids.ts";

export interface DrawnMemory {
  readonly content: string;
  readonly category: "interesting" | "system";
}

export async function replaceMemories(
  trx: Db,
  home: { readonly userId: string; readonly conversationId: string },
  memories: readonly DrawnMemory[],
  nowMs: number,
): Promise<void> {
  const { userId, conversationId } = home;
  const now = new Date(nowMs);
  await trx
    .deleteFrom("memories")
    .where("user_id", "=", userId)
    .where("conversation_id", "=", conversationId)
    .where("category", "!=", "manual")
    .where("edited", "=", false)
    .where("user_review", "is", null)
    .where("deleted_at", "is", null)
    .execute();
  for (const memory of memories) {
    await trx
      .insertInto("memories")
      .values({
        user_id: userId,
        id: deterministicUuid(userId, conversationId, "memory", memory.content),
        conversation_id: conversationId,
        content: memory.content,
        category: memory.category,
        tags: JSON.stringify([]),
        created_at: now,
        updated_at: now,
      })
      .onConflict((conflict) => conflict.columns(["user_id", "id"]).doNothing())
      .execute();
  }
}
