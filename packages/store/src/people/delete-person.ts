/**
 * Forgets a person: the row goes, and with it the name on every segment and every sample of the voice, in one transaction.
 *
 * Locks: the conversation rows that name the person, in the order of their ids, then their segments, the person, the samples.
 * Whoever writes segments holds their conversation row, so two writers can never wait for each other's segments.
 */
import { sql } from "kysely";
import type { Db } from "../database.ts";
import { removeSpeechSamples } from "../speech-samples/remove.ts";

/** False where there is no such person. */
export async function deletePerson(db: Db, userId: string, id: string, nowMs: number): Promise<boolean> {
  return await db.transaction().execute(async (trx) => {
    await sql`select 1 from conversations c where c.user_id = ${userId} and c.id in (
        select s.conversation_id from segments s where s.user_id = ${userId} and s.body ->> 'person_id' = ${id})
      order by c.id for update`.execute(trx);
    await sql`with cleared as (
        update segments set body = body || '{"person_id": null, "speaker_label_source": null}'
        where user_id = ${userId} and body ->> 'person_id' = ${id} returning conversation_id)
      update conversations c set updated_at = ${new Date(nowMs)}
      where c.user_id = ${userId} and c.id in (select conversation_id from cleared)`.execute(trx);
    await sql`select 1 from people where user_id = ${userId} and id = ${id} for update`.execute(trx);
    await removeSpeechSamples(trx, userId, { personId: id }, nowMs);
    const { numDeletedRows } = await trx
      .deleteFrom("people")
      .where("user_id", "=", userId)
      .where("id", "=", id)
      .executeTakeFirst();
    return numDeletedRows === 1n;
  });
}
