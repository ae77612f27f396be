/**
 * Makes a run of audio messages durable. Only after this returned `stored` may anybody be told so (laws L1, L8).
 *
 * One statement: the session row is updated only if the epoch and the count still fit, and the chunk is inserted only then,
 * so two sockets of one session can never both write, and a repeated call after a lost answer is recognised.
 * Locks: the one recording session row.
 */
import { sql } from "kysely";
import type { Db } from "../database.ts";

export interface AudioChunk {
  readonly userId: string;
  readonly sessionId: string;
  readonly epoch: number;
  /** Number of audio messages of the session before this chunk. */
  readonly firstMessage: number;
  readonly messageCount: number;
  readonly durationMs: number;
  /** Wall time of its first sample, Unix milliseconds. */
  readonly capturedAtMs: number;
  readonly conversationId: string;
  readonly codec: string;
  readonly sampleRate: number;
  readonly layout: string;
  /** More than 1: the first byte of every message is the number of its channel. */
  readonly channels: number;
  /** Messages in the container of `writeFrames`. */
  readonly payload: Uint8Array;
}

/** `fenced`: another socket took the session over, nothing was written. */
export async function appendChunk(
  db: Db,
  chunk: AudioChunk,
  at: { readonly nowMs: number; readonly leaseMs: number },
): Promise<"stored" | "fenced"> {
  const now = new Date(at.nowMs);
  const durable = chunk.firstMessage + chunk.messageCount;
  const { numAffectedRows } = await sql`
    with held as (
      update recording_sessions set durable_messages = ${durable}, conversation_id = ${chunk.conversationId},
        lease_until = ${new Date(at.nowMs + at.leaseMs)}, updated_at = ${now}
      where user_id = ${chunk.userId} and id = ${chunk.sessionId} and epoch = ${chunk.epoch}
        and durable_messages = ${chunk.firstMessage}
      returning 1
    )
    insert into audio_chunks (user_id, recording_session_id, first_message, message_count, duration_ms, captured_at,
      conversation_id, codec, sample_rate, layout, channels, payload)
    select ${chunk.userId}, ${chunk.sessionId}, ${chunk.firstMessage}, ${chunk.messageCount}, ${chunk.durationMs},
      ${new Date(chunk.capturedAtMs)}, ${chunk.conversationId}, ${chunk.codec}, ${chunk.sampleRate}, ${chunk.layout}, ${chunk.channels},
      ${Buffer.from(chunk.payload.buffer, chunk.payload.byteOffset, chunk.payload.byteLength)}
    from held`.execute(db);
  if (numAffectedRows === 1n) return "stored";
  const session = await db
    .selectFrom("recording_sessions")
    .select(["epoch", "durable_messages"])
    .where("user_id", "=", chunk.userId)
    .where("id", "=", chunk.sessionId)
    .executeTakeFirst();
  return session?.epoch === chunk.epoch && session.durable_messages >= durable ? "stored" : "fenced";
}
