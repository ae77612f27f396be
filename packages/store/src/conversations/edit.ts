/** What a person changes by hand: title, star, visibility, deletion. Each returns false where the conversation does not exist. */
import { sql } from "kysely";
import { requestAudioRemoval } from "../audio-files/remove.ts";
import type { Db } from "../database.ts";
import { removeSpeechSamples } from "../speech-samples/remove.ts";
import { refreshSearch } from "./finish.ts";

export async function setTitle(db: Db, userId: string, id: string, title: string, nowMs: number): Promise<boolean> {
  return await db.transaction().execute(async (trx) => {
    const changed = await existing(trx, userId, id)
      .set({
        structured: sql`jsonb_set(structured, '{title}', to_jsonb(${title}::text))`,
        user_title: true,
        updated_at: new Date(nowMs),
      })
      .executeTakeFirst();
    if (changed.numUpdatedRows === 0n) return false;
    await refreshSearch(trx, userId, id);
    return true;
  });
}

export async function setStarred(
  db: Db,
  userId: string,
  id: string,
  starred: boolean,
  nowMs: number,
): Promise<boolean> {
  const result = await existing(db, userId, id)
    .set({ starred, updated_at: new Date(nowMs) })
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

export async function setVisibility(
  db: Db,
  userId: string,
  id: string,
  visibility: "private" | "shared" | "public",
  nowMs: number,
): Promise<boolean> {
  const result = await existing(db, userId, id)
    .set({ visibility, updated_at: new Date(nowMs) })
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

/**
 * Removes a conversation with its transcript and audio. The row stays as a tombstone without content, so that neither a late
 * job nor a client's own id can bring it back. `cascade` also removes memories and action items.
 */
export async function deleteConversation(
  db: Db,
  userId: string,
  id: string,
  options: { readonly cascade: boolean; readonly nowMs: number },
): Promise<boolean> {
  return await db.transaction().execute(async (trx) => {
    const now = new Date(options.nowMs);
    const result = await existing(trx, userId, id)
      .set({
        ...{ deleted_at: now, updated_at: now, structured: JSON.stringify({}), external_data: null, search: null },
        audio_files: "[]",
      })
      .executeTakeFirst();
    if (result.numUpdatedRows === 0n) return false;
    await trx.deleteFrom("segments").where("user_id", "=", userId).where("conversation_id", "=", id).execute();
    await trx.deleteFrom("photos").where("user_id", "=", userId).where("conversation_id", "=", id).execute();
    await trx.deleteFrom("audio_chunks").where("user_id", "=", userId).where("conversation_id", "=", id).execute();
    await requestAudioRemoval(trx, { userId, conversationId: id, nowMs: options.nowMs });
    await removeSpeechSamples(trx, userId, { conversationId: id }, options.nowMs);
    if (options.cascade) {
      await trx.deleteFrom("memories").where("user_id", "=", userId).where("conversation_id", "=", id).execute();
      await trx.deleteFrom("action_items").where("user_id", "=", userId).where("conversation_id", "=", id).execute();
    }
    return true;
  });
}

function existing(db: Db, userId: string, id: string) {
  return db
    .updateTable("conversations")
    .where("user_id", "=", userId)
    .where("id", "=", id)
    .where("deleted_at", "is", null);
}
