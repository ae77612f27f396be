/**
 * Whether words may still come into an open conversation from elsewhere than a given recording: from another recording that is
 * held or behind with its words, or from a repair that has not written all of its own. While they may, whoever writes the
 * conversation must not let segments grow that were there before: another writer may let the same one grow, and words of a
 * gap would end up within it.
 *
 * Locks nothing. Bind your recording to the conversation before you ask: then of two that come at once one sees the other.
 */
import { sql } from "kysely";
import type { Db } from "../database.ts";
import type { RecordingHold } from "./open.ts";

export async function otherWordsMayCome(
  db: Db,
  { userId, id }: Pick<RecordingHold, "userId" | "id">,
  conversationId: string,
): Promise<boolean> {
  const { rows } = await sql<{ may: boolean }>`
    select exists (
      select 1 from jobs where user_id = ${userId} and conversation_id = ${conversationId}
        and kind = 'repair' and state <> 'completed'
    ) or exists (
      select 1 from recording_sessions s where s.user_id = ${userId} and s.id <> ${id}
        and (s.lease_until is not null or s.transcribed_messages < s.durable_messages)
        and (s.conversation_id = ${conversationId} or exists (
          select 1 from audio_chunks c where c.user_id = s.user_id and c.recording_session_id = s.id
            and c.conversation_id = ${conversationId}))
    ) as may`.execute(db);
  return rows[0]?.may === true;
}
