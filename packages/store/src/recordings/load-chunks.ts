/** Reads durable audio back: for a new recogniser stream, for gap repair, for export. */
import { readFrames } from "@holdfast/contract";
import type { Db } from "../database.ts";

export interface StoredChunk {
  readonly firstMessage: number;
  readonly messageCount: number;
  readonly durationMs: number;
  readonly capturedAtMs: number;
  readonly conversationId: string;
  readonly codec: string;
  readonly sampleRate: number;
  readonly layout: string;
  /** More than 1: the first byte of every message is the number of its channel. */
  readonly channels: number;
  readonly messages: readonly Uint8Array[];
}

/** Wall time of the end of the sound before this message, Unix milliseconds; undefined where none is kept. */
export async function recordedUntil(
  db: Db,
  userId: string,
  sessionId: string,
  beforeMessage: number,
): Promise<number | undefined> {
  const row = await db
    .selectFrom("audio_chunks")
    .select(["captured_at", "duration_ms", "channels"])
    .where("user_id", "=", userId)
    .where("recording_session_id", "=", sessionId)
    .where("first_message", "<", beforeMessage)
    .orderBy("first_message", "desc")
    .limit(1)
    .executeTakeFirst();
  return row === undefined ? undefined : row.captured_at + row.duration_ms / Math.max(1, row.channels);
}

/** Chunks of a session that hold messages in [fromMessage, toMessage), in order; the first is cut to start at `fromMessage`. */
export async function loadChunks(
  db: Db,
  userId: string,
  sessionId: string,
  fromMessage: number,
  toMessage: number,
): Promise<StoredChunk[]> {
  const rows = await db
    .selectFrom("audio_chunks")
    .selectAll()
    .where("user_id", "=", userId)
    .where("recording_session_id", "=", sessionId)
    .where("first_message", "<", toMessage)
    .where((eb) => eb(eb("first_message", "+", eb.ref("message_count")), ">", fromMessage))
    .orderBy("first_message")
    .execute();
  return rows.map((row) => {
    const frames = readFrames(row.payload).frames;
    const skip = Math.max(0, fromMessage - row.first_message);
    const take = Math.min(frames.length, toMessage - row.first_message);
    return {
      firstMessage: row.first_message + skip,
      messageCount: take - skip,
      durationMs: row.duration_ms,
      capturedAtMs: row.captured_at + (row.duration_ms * skip) / row.message_count,
      conversationId: row.conversation_id,
      codec: row.codec,
      sampleRate: row.sample_rate,
      layout: row.layout,
      channels: row.channels,
      messages: frames.slice(skip, take),
    };
  });
}
