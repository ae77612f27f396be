/**
 * Sound that requests for samples waited for is there: they are due now.
 *
 * Locks: rows of such requests, passing over those that somebody works on, who will look again anyway.
 */
import { sql } from "kysely";
import type { Db } from "../database.ts";

/** The reason of a request whose sound is not kept yet. */
export const AWAITING_SOUND = "sound_not_kept_yet";

export async function wakeSampleRequests(
  trx: Db,
  userId: string,
  conversationId: string,
  nowMs: number,
): Promise<void> {
  await sql`update jobs set due_at = ${new Date(nowMs)} where user_id = ${userId} and id in (
      select id from jobs where user_id = ${userId} and conversation_id = ${conversationId}
        and kind = 'speech_sample' and state = 'queued' and reason_code = ${AWAITING_SOUND}
      order by id for update skip locked)`.execute(trx);
}
