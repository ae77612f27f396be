/** Rows that store tests begin with. */
import type { Segment } from "@holdfast/contract";
import { writeFrames } from "@holdfast/contract";
import { appendChunk, createConversation, type Db, openRecording, type RecordingHold } from "@holdfast/store";

export const USER = "u1";
export const T0 = Date.UTC(2026, 10, 1, 12);

export function segment(id: string, text: string, start: number, end: number): Segment {
  return {
    id,
    text,
    speaker: "SPEAKER_00",
    speaker_id: 0,
    is_user: false,
    person_id: null,
    start,
    end,
    translations: [],
    speech_profile_processed: true,
    stt_provider: "test",
  };
}

export async function openConversation(db: Db, id: string, over: { userId?: string; startedAtMs?: number } = {}) {
  await createConversation(db, {
    userId: over.userId ?? USER,
    id,
    origin: "live",
    source: "omi",
    language: "en",
    externalData: null,
    clientDeviceId: null,
    clientPlatform: null,
    recordingSessionId: "r1",
    silenceTimeoutMs: 120_000,
    startedAtMs: over.startedAtMs ?? T0,
    nowMs: over.startedAtMs ?? T0,
  });
}

export async function recording(db: Db, id = "r1", nowMs = T0): Promise<RecordingHold> {
  return await openRecording(db, {
    userId: USER,
    id,
    codec: "opus",
    sampleRate: 16_000,
    language: "en",
    nowMs,
    leaseMs: 20_000,
  });
}

/** Writes `count` messages, numbered from `first`, bound to a conversation. */
export async function chunk(db: Db, hold: RecordingHold, conversationId: string, first: number, count: number) {
  const part = {
    userId: hold.userId,
    sessionId: hold.id,
    epoch: hold.epoch,
    firstMessage: first,
    messageCount: count,
    durationMs: count * 20,
    capturedAtMs: T0 + first * 20,
    conversationId,
    codec: "opus",
    sampleRate: 16_000,
    layout: "linear8",
    channels: 1,
    payload: writeFrames(Array.from({ length: count }, (_, i) => Uint8Array.from([1, first + i]))),
  };
  return await appendChunk(db, part, { nowMs: T0, leaseMs: 20_000 });
}
