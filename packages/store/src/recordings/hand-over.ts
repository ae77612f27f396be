/**
 * Gives audio that is durable but not transcribed to gap repair: one job per conversation in the stretch, and the watermark
 * moves behind it in the same transaction, so the stretch has exactly one owner (law L5).
 *
 * Locks: the recording session row, then new job rows. Call it inside a transaction.
 */
import type { Db } from "../database.ts";
import { deterministicUuid } from "../ids.ts";
import { enqueueJob } from "../jobs/enqueue.ts";

/** Payload of a `repair` job: messages [from, to) of a recording session. */
export interface RepairPayload {
  readonly recording_session_id: string;
  readonly from_message: number;
  readonly to_message: number;
}

/** Returns the conversations that now wait for a repair. */
export async function handOverGap(trx: Db, userId: string, sessionId: string, nowMs: number): Promise<string[]> {
  const session = await trx
    .selectFrom("recording_sessions")
    .select(["transcribed_messages", "durable_messages"])
    .where("user_id", "=", userId)
    .where("id", "=", sessionId)
    .forUpdate()
    .executeTakeFirst();
  if (session === undefined || session.transcribed_messages >= session.durable_messages) return [];
  const chunks = await trx
    .selectFrom("audio_chunks")
    .select(["first_message", "message_count", "conversation_id"])
    .where("user_id", "=", userId)
    .where("recording_session_id", "=", sessionId)
    .where((eb) => eb(eb("first_message", "+", eb.ref("message_count")), ">", session.transcribed_messages))
    .orderBy("first_message")
    .execute();
  const runs = new Map<string, { from: number; to: number }>();
  for (const chunk of chunks) {
    const from = Math.max(chunk.first_message, session.transcribed_messages);
    const to = chunk.first_message + chunk.message_count;
    const run = runs.get(chunk.conversation_id);
    if (run === undefined) runs.set(chunk.conversation_id, { from, to });
    else run.to = to;
  }
  for (const [conversationId, run] of runs) {
    const payload: RepairPayload = { recording_session_id: sessionId, from_message: run.from, to_message: run.to };
    await enqueueJob(trx, {
      userId,
      id: deterministicUuid(userId, sessionId, "repair", run.from),
      kind: "repair",
      conversationId,
      payload: { ...payload },
      dueMs: nowMs,
      nowMs,
    });
  }
  await trx
    .updateTable("recording_sessions")
    .set({ transcribed_messages: session.durable_messages, updated_at: new Date(nowMs) })
    .where("user_id", "=", userId)
    .where("id", "=", sessionId)
    .execute();
  return [...runs.keys()];
}
