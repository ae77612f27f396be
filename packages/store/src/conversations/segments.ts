/** Writing transcript segments of one conversation, inside the caller's transaction. */
import type { Segment } from "@holdfast/contract";
import { sql } from "kysely";
import type { Db } from "../database.ts";

/** Words that join a segment which a person corrected are added to the corrected ones. */
const TEXT = sql<string>`case when starts_with(excluded.text, segments.body ->> 'heard_text')
  then segments.text || substr(excluded.text, length(segments.body ->> 'heard_text') + 1) else excluded.text end`;

/** What a person decided about a segment stays, whatever a recogniser writes over it. */
const BODY = sql<string>`excluded.body
  || case when segments.body ->> 'speaker_label_source' = 'manual' then jsonb_build_object('speaker_label_source', 'manual',
    'person_id', segments.body -> 'person_id', 'is_user', segments.body -> 'is_user') else '{}' end
  || case when segments.body ? 'heard_text' then jsonb_build_object('text', ${TEXT}, 'heard_text', excluded.text) else '{}' end`;

/** Inserts new segments and overwrites grown ones, by id; what a person corrected by hand stays corrected. */
export async function upsertSegments(
  trx: Db,
  userId: string,
  conversationId: string,
  segments: readonly Segment[],
): Promise<void> {
  if (segments.length === 0) return;
  await trx
    .insertInto("segments")
    .values(
      segments.map((segment) => ({
        user_id: userId,
        conversation_id: conversationId,
        id: segment.id,
        start_s: segment.start,
        end_s: segment.end,
        text: segment.text,
        body: JSON.stringify(segment),
      })),
    )
    .onConflict((conflict) =>
      conflict.columns(["user_id", "conversation_id", "id"]).doUpdateSet({
        start_s: sql`excluded.start_s`,
        end_s: sql`excluded.end_s`,
        text: TEXT,
        body: BODY,
      }),
    )
    .execute();
}

export async function deleteSegments(
  trx: Db,
  userId: string,
  conversationId: string,
  ids: readonly string[],
): Promise<void> {
  if (ids.length === 0) return;
  await trx
    .deleteFrom("segments")
    .where("user_id", "=", userId)
    .where("conversation_id", "=", conversationId)
    .where("id", "in", [...ids])
    .execute();
}

/** Times are relative to the conversation's start: a start that moves back by `byMs` moves everything that is there. */
export async function shiftSegments(trx: Db, userId: string, conversationId: string, byMs: number): Promise<void> {
  if (byMs <= 0) return;
  const by = byMs / 1000;
  await sql`update segments set start_s = start_s + ${by}, end_s = end_s + ${by},
      body = body || jsonb_build_object('start', start_s + ${by}, 'end', end_s + ${by})
    where user_id = ${userId} and conversation_id = ${conversationId}`.execute(trx);
}
