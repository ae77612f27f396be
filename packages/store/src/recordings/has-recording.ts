/** Whether any sound of a conversation is kept: exported for playback, about to be, or still as it came in. */
import { sql } from "kysely";
import type { Db } from "../database.ts";

export async function hasRecording(db: Db, userId: string, conversationId: string): Promise<boolean> {
  const { rows } = await sql<{ present: boolean }>`
    select exists (select 1 from audio_files where user_id = ${userId} and conversation_id = ${conversationId})
      or exists (select 1 from audio_chunks where user_id = ${userId} and conversation_id = ${conversationId})
      or exists (select 1 from jobs where user_id = ${userId} and conversation_id = ${conversationId}
        and kind = 'audio_export' and payload ? 'upload_job_id' and state in ('queued', 'leased')) as present`.execute(
    db,
  );
  return rows[0]?.present === true;
}
