/**
 * Says whose words segments are. What a person decided is marked `manual`; neither a repair nor a recogniser that goes on
 * speaking changes it (see `upsertSegments`). Works in any state of the conversation, as long as it exists.
 *
 * Locks: the conversation row, then its segments, then rows of samples, then a job row.
 */

import type { Segment } from "@holdfast/contract";
import type { SpeakerLabel } from "@holdfast/core";
import { sql } from "kysely";
import { lockedConversation } from "../conversations/lock.ts";
import { loadSegments } from "../conversations/read.ts";
import type { Db } from "../database.ts";
import { removeSpeechSamples } from "../speech-samples/remove.ts";
import { planSpeechSamples } from "../speech-samples/request.ts";

export interface SegmentHome {
  readonly userId: string;
  readonly conversationId: string;
  readonly nowMs: number;
}

/** Which segments a decision is about. Throws to refuse the whole decision. */
export type ChooseSegments = (segments: readonly Segment[], status: string) => readonly Segment[];

/** That the voice may be learnt from the named words, once they have rested this long. */
export interface Sampling {
  readonly afterMs: number;
}

/**
 * Ids of the changed segments; undefined where the conversation does not exist. A label without anybody is none. `sampling`:
 * samples of the person are asked for in the same transaction, where the user keeps sound. Samples of whoever the words were
 * said to be before go.
 */
export async function assignSegments(
  db: Db,
  home: SegmentHome,
  label: SpeakerLabel,
  choose: ChooseSegments,
  sampling?: Sampling,
): Promise<string[] | undefined> {
  return await db.transaction().execute(async (trx) => {
    const row = await lockedConversation(trx, home.userId, home.conversationId).select("status").executeTakeFirst();
    if (row === undefined) return undefined;
    const ids = choose(await loadSegments(trx, home.userId, home.conversationId), row.status).map(({ id }) => id);
    if (ids.length === 0) return [];
    const decided = label.personId !== null || label.isUser;
    const change = {
      person_id: label.personId,
      is_user: label.isUser,
      speaker_label_source: decided ? "manual" : null,
    };
    await trx
      .updateTable("segments")
      .set({ body: sql`body || ${JSON.stringify(change)}::jsonb` })
      .where("user_id", "=", home.userId)
      .where("conversation_id", "=", home.conversationId)
      .where("id", "in", ids)
      .execute();
    await trx
      .updateTable("conversations")
      .set({ updated_at: new Date(home.nowMs) })
      .where("user_id", "=", home.userId)
      .where("id", "=", home.conversationId)
      .execute();
    const { personId } = label;
    await removeSpeechSamples(
      trx,
      home.userId,
      { conversationId: home.conversationId, segmentIds: ids, unlessOf: personId },
      home.nowMs,
    );
    if (sampling !== undefined) await planSpeechSamples(trx, { ...home, ...sampling, personId, segmentIds: ids });
    return ids;
  });
}
