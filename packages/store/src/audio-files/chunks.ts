/**
 * The durable live audio of one conversation, page by page: recording after recording in the order they began, and message
 * after message within each. Recordings that ran side by side follow each other.
 */
import { readFrames } from "@holdfast/contract";
import { sql } from "kysely";
import type { Db } from "../database.ts";

export interface ConversationChunk {
  readonly sessionId: string;
  readonly firstMessage: number;
  /** Wall time of its first sample, Unix milliseconds. */
  readonly capturedAtMs: number;
  readonly codec: string;
  readonly sampleRate: number;
  readonly layout: string;
  /** More than 1: the first byte of every message is the number of its channel. */
  readonly channels: number;
  readonly messages: readonly Uint8Array[];
}

/** Yields pages of at most `pageChunks`; each is one query, so that neither memory nor a snapshot is held for long. */
export async function* conversationChunks(
  db: Db,
  userId: string,
  conversationId: string,
  pageChunks: number,
): AsyncGenerator<readonly ConversationChunk[]> {
  for (const sessionId of await sessionsOf(db, userId, conversationId)) {
    let after = -1;
    for (;;) {
      const rows = await db
        .selectFrom("audio_chunks")
        .selectAll()
        .where("user_id", "=", userId)
        .where("recording_session_id", "=", sessionId)
        .where("conversation_id", "=", conversationId)
        .where("first_message", ">", after)
        .orderBy("first_message")
        .limit(pageChunks)
        .execute();
      if (rows.length > 0) {
        yield rows.map((row) => ({
          sessionId,
          firstMessage: row.first_message,
          capturedAtMs: row.captured_at,
          codec: row.codec,
          sampleRate: row.sample_rate,
          layout: row.layout,
          channels: row.channels,
          messages: readFrames(row.payload).frames,
        }));
      }
      const last = rows.at(-1);
      if (last === undefined || rows.length < pageChunks) break;
      after = last.first_message;
    }
  }
}

async function sessionsOf(db: Db, userId: string, conversationId: string): Promise<string[]> {
  const rows = await db
    .selectFrom("audio_chunks")
    .select("recording_session_id")
    .where("user_id", "=", userId)
    .where("conversation_id", "=", conversationId)
    .groupBy("recording_session_id")
    .orderBy(sql`min(captured_at)`)
    .orderBy("recording_session_id")
    .execute();
  return rows.map((row) => row.recording_session_id);
}
