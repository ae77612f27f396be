/**
 * Ends the live way of a recording for good, because its client sends the rest in another way: from the moment this is committed
 * no socket can store anything more of it, so that what is counted as durable here is all there will ever be. What is durable
 * and has no words goes to gap repair.
 *
 * Locks: the recording session row, then new job rows.
 */
import { sql } from "kysely";
import type { Db } from "../database.ts";
import { handOverGap } from "./hand-over.ts";

export interface EndedRecording {
  /** The first so many messages are in the store. */
  readonly durableMessages: number;
  /** Conversation that took its sound last. */
  readonly conversationId: string | null;
}

/** Undefined where there is no such recording: then nothing of it was ever stored. */
export async function endRecording(
  db: Db,
  userId: string,
  id: string,
  nowMs: number,
): Promise<EndedRecording | undefined> {
  return await db.transaction().execute(async (trx) => {
    const row = await trx
      .updateTable("recording_sessions")
      .set({ epoch: sql`epoch + 1`, lease_until: null, updated_at: new Date(nowMs) })
      .where("user_id", "=", userId)
      .where("id", "=", id)
      .returning(["durable_messages", "conversation_id"])
      .executeTakeFirst();
    if (row === undefined) return undefined;
    await handOverGap(trx, userId, id, nowMs);
    return { durableMessages: row.durable_messages, conversationId: row.conversation_id };
  });
}
