/**
 * Plans what a finished conversation sets off, inside the transaction that finishes it (law L1): a fan-out where somebody wants
 * to be told of it, and the export of its sound where the user keeps sound. Ids are functions of what they name, so a
 * repeated finalisation plans nothing twice. Somebody who was told of a conversation is not told again when it is summarised
 * anew (reference listen-and-pusher 6.1); one that was discarded and is kept now is told of.
 *
 * Locks: nothing beyond new job rows, which come after the conversation row that the caller holds.
 */
import type { Db } from "../database.ts";
import { deterministicUuid } from "../ids.ts";
import { enqueueJob } from "../jobs/enqueue.ts";
import { deliveryId } from "./deliveries.ts";

export interface FinishedConversation {
  readonly userId: string;
  readonly conversationId: string;
  readonly revision: number;
  readonly discarded: boolean;
  readonly nowMs: number;
}

/** Id of the fan-out of one revision. */
export function fanoutJobId(userId: string, conversationId: string, revision: number): string {
  return deterministicUuid(userId, conversationId, "fanout", revision);
}

export async function requestEffects(trx: Db, finished: FinishedConversation): Promise<void> {
  if (!finished.discarded && (await isUntold(trx, finished))) await enqueueFanout(trx, finished);
  if (await wantsAudio(trx, finished)) await enqueueExport(trx, finished);
}

/** Somebody wants to be told and was not yet. */
async function isUntold(trx: Db, { userId, conversationId }: FinishedConversation): Promise<boolean> {
  const row = await trx
    .selectFrom("webhooks")
    .select("type")
    .where("user_id", "=", userId)
    .where("type", "=", "memory_created")
    .where("enabled", "=", true)
    .where((eb) =>
      eb.not(
        eb.exists(
          eb
            .selectFrom("deliveries")
            .select("id")
            .where("deliveries.user_id", "=", userId)
            .where("deliveries.id", "=", deliveryId(userId, conversationId, "memory_created"))
            .where("outcome", "=", "delivered"),
        ),
      ),
    )
    .executeTakeFirst();
  return row !== undefined;
}

async function enqueueFanout(trx: Db, finished: FinishedConversation): Promise<void> {
  const { userId, conversationId, revision, nowMs } = finished;
  const waiting = await trx
    .selectFrom("jobs")
    .select((eb) => eb.fn.countAll<number>().as("n"))
    .where("user_id", "=", userId)
    .where("kind", "=", "fanout")
    .where("state", "in", ["queued", "leased"])
    .executeTakeFirstOrThrow();
  await enqueueJob(trx, {
    userId,
    id: fanoutJobId(userId, conversationId, revision),
    kind: "fanout",
    conversationId,
    // A user with many waiting goes behind one with few.
    rank: Number(waiting.n),
    payload: { revision, fanout_key: `conversation:${conversationId}:finalization:${revision}` },
    dueMs: nowMs,
    nowMs,
  });
}

/** The user keeps sound, and there is some. */
async function wantsAudio(trx: Db, { userId, conversationId }: FinishedConversation): Promise<boolean> {
  const row = await trx
    .selectFrom("user_settings")
    .select("user_id")
    .where("user_id", "=", userId)
    .where("private_cloud_sync", "=", true)
    .where((eb) =>
      eb.exists(
        eb
          .selectFrom("audio_chunks")
          .select("first_message")
          .where("audio_chunks.user_id", "=", userId)
          .where("audio_chunks.conversation_id", "=", conversationId),
      ),
    )
    .executeTakeFirst();
  return row !== undefined;
}

async function enqueueExport(trx: Db, { userId, conversationId, nowMs }: FinishedConversation): Promise<void> {
  await enqueueJob(trx, {
    userId,
    id: deterministicUuid(userId, conversationId, "audio_export"),
    kind: "audio_export",
    conversationId,
    payload: {},
    dueMs: nowMs,
    nowMs,
  });
}
