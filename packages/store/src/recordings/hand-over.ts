/**
 * Gives audio that is durable but not transcribed to gap repair: one job per conversation and channel in the stretch, and the
 * watermark moves behind it in the same transaction, so the stretch has exactly one owner (law L5).
 *
 * Locks: the recording session row, then new job rows. Call it inside a transaction.
 */
import { CHANNELS, ONLY_CHANNEL } from "@holdfast/contract";
import type { Db } from "../database.ts";
import { deterministicUuid } from "../ids.ts";
import { enqueueJob } from "../jobs/enqueue.ts";

/** Payload of a `repair` job: messages [from, to) of a recording session, of one channel. */
export interface RepairPayload {
  readonly recording_session_id: string;
  readonly from_message: number;
  readonly to_message: number;
  /** Left out where the recording has only one. */
  readonly channel?: number;
}

interface Run {
  readonly conversationId: string;
  readonly channel: number;
  readonly from: number;
  to: number;
}

/**
 * Returns the conversations that now wait for a repair. `holderEpoch` is the epoch of the caller's own hold; where another socket
 * has taken the session over, nothing is done. Without it whoever holds the session is fenced: it still believes that these
 * words are its own to write.
 */
export async function handOverGap(
  trx: Db,
  userId: string,
  sessionId: string,
  nowMs: number,
  holderEpoch?: number,
): Promise<string[]> {
  const session = await trx
    .selectFrom("recording_sessions")
    .select(["epoch", "transcribed_messages", "durable_messages", "channel_marks", "words_by_client"])
    .where("user_id", "=", userId)
    .where("id", "=", sessionId)
    .forUpdate()
    .executeTakeFirst();
  if (session === undefined || session.transcribed_messages >= session.durable_messages) return [];
  if (holderEpoch !== undefined && session.epoch !== holderEpoch) return [];
  const chunks = await trx
    .selectFrom("audio_chunks")
    .select(["first_message", "message_count", "conversation_id", "channels"])
    .where("user_id", "=", userId)
    .where("recording_session_id", "=", sessionId)
    .where((eb) => eb(eb("first_message", "+", eb.ref("message_count")), ">", session.transcribed_messages))
    .orderBy("first_message")
    .execute();
  const runs = new Map<string, Run>();
  // Words that the client brings need no repair: only the watermark moves.
  for (const chunk of session.words_by_client ? [] : chunks) {
    const to = chunk.first_message + chunk.message_count;
    const channels = chunk.channels > 1 ? CHANNELS.map(({ id }) => id) : [ONLY_CHANNEL];
    for (const channel of channels) {
      // A channel's own mark may be ahead of the recording's: its words up to there are stored.
      const mark = Math.max(session.transcribed_messages, session.channel_marks?.[String(channel)] ?? 0);
      if (to <= mark) continue;
      const key = JSON.stringify([chunk.conversation_id, channel]);
      const run = runs.get(key);
      const from = Math.max(chunk.first_message, mark);
      if (run === undefined) runs.set(key, { conversationId: chunk.conversation_id, channel, from, to });
      else run.to = to;
    }
  }
  for (const { conversationId, channel, from, to } of runs.values()) {
    const payload: RepairPayload = {
      recording_session_id: sessionId,
      from_message: from,
      to_message: to,
      ...(channel === ONLY_CHANNEL ? {} : { channel }),
    };
    await enqueueJob(trx, {
      userId,
      id: deterministicUuid(userId, sessionId, "repair", from, ...(channel === ONLY_CHANNEL ? [] : [channel])),
      kind: "repair",
      conversationId,
      payload: { ...payload },
      dueMs: nowMs,
      nowMs,
    });
  }
  await trx
    .updateTable("recording_sessions")
    .set({
      transcribed_messages: session.durable_messages,
      channel_marks: null,
      updated_at: new Date(nowMs),
      ...(holderEpoch === undefined ? { epoch: session.epoch + 1, lease_until: null } : {}),
    })
    .where("user_id", "=", userId)
    .where("id", "=", sessionId)
    .execute();
  return [...new Set([...runs.values()].map(({ conversationId }) => conversationId))];
}
