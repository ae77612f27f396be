/**
 * Gives the kept sound of a conversation to the one it becomes part of: the parts that are there, and those that are being made.
 * Bytes stay where they are. An export that is at work follows by itself (`export.ts`), as does a request for samples; samples
 * that were cut from the sound belong to the survivor.
 *
 * Locks: audio file rows of both conversations by id, then export job rows, then rows of samples by id, after the conversation
 * rows that the caller holds.
 */
import { sql } from "kysely";
import type { Db } from "../database.ts";
import { lockParts, orderParts } from "./parts.ts";

export async function moveAudio(
  trx: Db,
  {
    userId,
    fromId,
    intoId,
    nowMs,
  }: { readonly userId: string; readonly fromId: string; readonly intoId: string; readonly nowMs: number },
): Promise<void> {
  await lockParts(trx, userId, [fromId, intoId]);
  const moved = await trx
    .updateTable("audio_files")
    .set({ conversation_id: intoId })
    .where("user_id", "=", userId)
    .where("conversation_id", "=", fromId)
    .executeTakeFirst();
  if (moved.numUpdatedRows > 0n) await orderParts(trx, userId, intoId, nowMs);
  await sql`update jobs set conversation_id = ${intoId}
    where user_id = ${userId} and conversation_id = ${fromId} and kind = 'audio_export' and state <> 'completed'
      and payload ? 'upload_job_id'`.execute(trx);
  await sql`update speech_samples set conversation_id = ${intoId} where user_id = ${userId} and id in (
      select id from speech_samples where user_id = ${userId} and conversation_id = ${fromId}
      order by id for update)`.execute(trx);
}
