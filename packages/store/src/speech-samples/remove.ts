/**
 * Takes samples of voices away: the rows at once, the bytes by a job planned in the same transaction. A sample goes with its
 * person, with the conversation it was said in, when its words turn out to be somebody else's, and when a person wishes.
 *
 * Locks: rows of samples by id, and a new job row, after the rows of conversation and person that the caller holds.
 */
import { sql } from "kysely";
import type { Db } from "../database.ts";
import { deterministicUuid } from "../ids.ts";
import { enqueueJob } from "../jobs/enqueue.ts";
import type { SpeechSample } from "./samples.ts";

export type RemovedSamples =
  | { readonly personId: string }
  | { readonly conversationId: string }
  | { readonly sampleId: string }
  /** Of these segments, as far as they are samples of another person than this. */
  | { readonly conversationId: string; readonly segmentIds: readonly string[]; readonly unlessOf: string | null };

/** Returns how many there were. */
export async function removeSpeechSamples(
  trx: Db,
  userId: string,
  which: RemovedSamples,
  nowMs: number,
): Promise<number> {
  const { rows } = await sql<{ blob_key: string; conversation_id: string }>`delete from speech_samples
    where user_id = ${userId} and id in (
      select id from speech_samples where user_id = ${userId} and ${condition(which)} order by id for update)
    returning blob_key, conversation_id`.execute(trx);
  const [first] = rows;
  if (first === undefined) return 0;
  const keys = rows.map((row) => row.blob_key).sort();
  await enqueueJob(trx, {
    ...{ userId, id: deterministicUuid(userId, "speech_sample_removal", ...keys), kind: "audio_removal" },
    ...{ conversationId: first.conversation_id, payload: { folders: keys }, dueMs: nowMs, nowMs },
  });
  return rows.length;
}

function condition(which: RemovedSamples) {
  if ("personId" in which) return sql`person_id = ${which.personId}`;
  if ("sampleId" in which) return sql`id = ${which.sampleId}`;
  if (!("segmentIds" in which)) return sql`conversation_id = ${which.conversationId}`;
  return sql`conversation_id = ${which.conversationId} and segment_id = any(${[...which.segmentIds]})
    and person_id::text is distinct from ${which.unlessOf}`;
}

/** One sample of a person, as a person wishes. False where it is not there (any more). */
export async function deleteSpeechSample(
  db: Db,
  userId: string,
  sample: Pick<SpeechSample, "id">,
  nowMs: number,
): Promise<boolean> {
  return await db
    .transaction()
    .execute(async (trx) => (await removeSpeechSamples(trx, userId, { sampleId: sample.id }, nowMs)) === 1);
}
