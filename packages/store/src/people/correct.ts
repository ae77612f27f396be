/**
 * What a person corrects in a conversation: the words of a segment, the overview, and why a client ended it. Each returns
 * false where there is nothing to correct.
 *
 * Locks: the conversation row, then the segment.
 */

import { sql } from "kysely";
import { refreshSearch } from "../conversations/finish.ts";
import { lockedConversation } from "../conversations/lock.ts";
import type { Db } from "../database.ts";
import type { SegmentHome } from "./assign-segments.ts";

/** `heard_text` keeps what the recogniser said, so that words it adds later join the corrected ones. */
export async function correctSegment(db: Db, home: SegmentHome, segmentId: string, text: string): Promise<boolean> {
  return await db.transaction().execute(async (trx) => {
    const found = await lock(trx, home);
    if (!found) return false;
    const result = await trx
      .updateTable("segments")
      .set({
        text,
        body: sql`body || jsonb_build_object('text', ${text}::text, 'heard_text', coalesce(body ->> 'heard_text', text))`,
      })
      .where("user_id", "=", home.userId)
      .where("conversation_id", "=", home.conversationId)
      .where("id", "=", segmentId)
      .executeTakeFirst();
    if (result.numUpdatedRows === 0n) return false;
    await touch(trx, home);
    await refreshSearch(trx, home.userId, home.conversationId);
    return true;
  });
}

/** The overview as a person wrote it; a new summary leaves it. */
export async function correctOverview(db: Db, home: SegmentHome, overview: string): Promise<boolean> {
  return await db.transaction().execute(async (trx) => {
    if (!(await lock(trx, home))) return false;
    await trx
      .updateTable("conversations")
      .set({
        structured: sql`jsonb_set(structured, '{overview}', to_jsonb(${overview}::text))`,
        user_summary: true,
        updated_at: new Date(home.nowMs),
      })
      .where("user_id", "=", home.userId)
      .where("id", "=", home.conversationId)
      .execute();
    await refreshSearch(trx, home.userId, home.conversationId);
    return true;
  });
}

/** Why the client ends it, for whoever looks at the conversation later. */
export async function noteFinalizationReason(db: Db, home: SegmentHome, reason: string): Promise<boolean> {
  const note = JSON.stringify({ conversation_finalization_reason: reason });
  const result = await sql`
    update conversations set external_data = coalesce(external_data, '{}'::jsonb) || ${note}::jsonb
    where user_id = ${home.userId} and id = ${home.conversationId} and deleted_at is null`.execute(db);
  return result.numAffectedRows === 1n;
}

async function lock(trx: Db, home: SegmentHome): Promise<boolean> {
  return (
    (await lockedConversation(trx, home.userId, home.conversationId).select("id").executeTakeFirst()) !== undefined
  );
}

async function touch(trx: Db, home: SegmentHome): Promise<void> {
  await trx
    .updateTable("conversations")
    .set({ updated_at: new Date(home.nowMs) })
    .where("user_id", "=", home.userId)
    .where("id", "=", home.conversationId)
    .execute();
}
