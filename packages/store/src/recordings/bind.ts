/**
 * Binds a recording to the conversation that takes its sound from now on. Nothing else does: sound of the conversation before
 * may still be stored afterwards. A conversation is only bound while it is open: until then nobody knows that it is wanted, and
 * one that stayed empty for long is removed.
 *
 * Locks: the conversation row, then the recording session row (the order of `admit.ts`).
 */
import { lockedConversation } from "../conversations/lock.ts";
import type { Db } from "../database.ts";
import { held, type RecordingHold } from "./open.ts";

/** `fenced`: another socket took the recording over. `closed`: the conversation is over or gone. Nothing was bound then. */
export type BindOutcome = "bound" | "fenced" | "closed";

/** Also extends the lease. */
export async function bindRecording(
  db: Db,
  hold: Pick<RecordingHold, "userId" | "id" | "epoch">,
  conversationId: string,
  nowMs: number,
  leaseMs: number,
): Promise<BindOutcome> {
  return await db.transaction().execute(async (trx) => {
    const row = await lockedConversation(trx, hold.userId, conversationId).select("status").executeTakeFirst();
    if (row?.status !== "in_progress") return "closed";
    const result = await held(trx, hold)
      .set({
        conversation_id: conversationId,
        lease_until: new Date(nowMs + leaseMs),
        updated_at: new Date(nowMs),
      })
      .executeTakeFirst();
    return result.numUpdatedRows === 1n ? "bound" : "fenced";
  });
}
