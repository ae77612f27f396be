/**
 * Makes the stub of a conversation. Creating is create-if-absent: a repeated call with the same id changes nothing, so that a
 * client's own id (`client_conversation_id`) and deterministic ids of uploads are safe to retry.
 */
import { Structured } from "@holdfast/contract";
import type { Db } from "../database.ts";

export interface NewConversation {
  readonly userId: string;
  readonly id: string;
  readonly origin: "live" | "sync";
  readonly source: string;
  readonly language: string | null;
  readonly externalData: Readonly<Record<string, unknown>> | null;
  readonly clientDeviceId: string | null;
  readonly clientPlatform: string | null;
  readonly recordingSessionId: string | null;
  /** Phone-call id a client gave, if any. */
  readonly callId?: string | null;
  /** Readable only once the user's plan allows it. */
  readonly isLocked?: boolean;
  readonly silenceTimeoutMs: number;
  /** Wall time of its first sound, Unix milliseconds. */
  readonly startedAtMs: number;
  readonly nowMs: number;
}

/** Returns true where the row was created now. */
export async function createConversation(db: Db, conversation: NewConversation): Promise<boolean> {
  const now = new Date(conversation.nowMs);
  const started = new Date(conversation.startedAtMs);
  const result = await db
    .insertInto("conversations")
    .values({
      user_id: conversation.userId,
      id: conversation.id,
      status: "in_progress",
      origin: conversation.origin,
      source: conversation.source,
      language: conversation.language,
      structured: JSON.stringify(Structured.parse({})),
      external_data: conversation.externalData === null ? null : JSON.stringify(conversation.externalData),
      client_device_id: conversation.clientDeviceId,
      client_platform: conversation.clientPlatform,
      recording_session_id: conversation.recordingSessionId,
      call_id: conversation.callId ?? null,
      is_locked: conversation.isLocked ?? false,
      summary_kind: null,
      state_reason: null,
      silence_timeout_ms: conversation.silenceTimeoutMs,
      finalization_job_id: null,
      created_at: started < now ? started : now,
      updated_at: now,
      started_at: started,
      finished_at: started,
    })
    .onConflict((conflict) => conflict.columns(["user_id", "id"]).doNothing())
    .executeTakeFirst();
  return result.numInsertedOrUpdatedRows === 1n;
}
