/**
 * Takes the sound of a deleted conversation away: the rows at once, the bytes by a job planned in the same transaction, so that
 * neither a crash nor a slow blob store leaves what a person deleted. Other audio jobs of the conversation are passed over
 * here: they find it deleted and remove what they made.
 *
 * Locks: audio file rows and a new job row, after the conversation row that the caller holds.
 */
import type { Db } from "../database.ts";
import { deterministicUuid } from "../ids.ts";
import { enqueueJob } from "../jobs/enqueue.ts";

export async function requestAudioRemoval(
  trx: Db,
  home: { readonly userId: string; readonly conversationId: string; readonly nowMs: number },
): Promise<void> {
  const { userId, conversationId, nowMs } = home;
  const removed = await trx
    .deleteFrom("audio_files")
    .where("user_id", "=", userId)
    .where("conversation_id", "=", conversationId)
    .executeTakeFirst();
  if (removed.numDeletedRows === 0n) return;
  await enqueueJob(trx, {
    userId,
    id: deterministicUuid(userId, conversationId, "audio_removal"),
    kind: "audio_removal",
    conversationId,
    payload: {},
    dueMs: nowMs,
    nowMs,
  });
}
