/**
 * The parts of a conversation as rows: their order is that of capture, whatever they come from and in whatever order they were
 * exported, and the conversation shows them in it.
 *
 * Locks: the audio file rows of the conversations by id, as everybody does who takes several, after the conversation rows that
 * the caller holds.
 */
import { sql } from "kysely";
import type { Db } from "../database.ts";
import { listAudioFiles } from "./files.ts";
import { audioFileView } from "./view.ts";

export async function lockParts(trx: Db, userId: string, conversationIds: readonly string[]): Promise<void> {
  await sql`select id from audio_files where user_id = ${userId} and conversation_id = any(${[...conversationIds]})
    order by id for update`.execute(trx);
}

/** After parts came or went; the caller locked them. */
export async function orderParts(trx: Db, userId: string, conversationId: string, nowMs: number): Promise<void> {
  await sql`update audio_files a set ordinal = placed.place
    from (select id, row_number() over (order by started_at, id) - 1 as place from audio_files
      where user_id = ${userId} and conversation_id = ${conversationId}) placed
    where a.user_id = ${userId} and a.id = placed.id and a.ordinal <> placed.place`.execute(trx);
  const parts = await listAudioFiles(trx, userId, conversationId);
  await trx
    .updateTable("conversations")
    .set({
      audio_files: JSON.stringify(parts.map((part) => audioFileView({ userId, conversationId }, part))),
      updated_at: new Date(nowMs),
    })
    .where("user_id", "=", userId)
    .where("id", "=", conversationId)
    .execute();
}
