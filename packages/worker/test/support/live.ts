/** Live audio as a gateway leaves it in the store: a conversation, its recording session, and half a second of sound a row. */
import { writeFrames } from "@holdfast/contract";
import {
  appendChunk,
  createConversation,
  type Db,
  findAbandonedRecordings,
  handOverRecording,
  openRecording,
  type RecordingHold,
} from "@holdfast/store";
import { type BinCodec, messagesOf } from "./sounds.ts";
import { T0, USER } from "./world.ts";

const LEASE_MS = 20_000;
const CHUNK_MESSAGES = 25;

export async function openLive(
  db: Db,
  id: string,
  session: string,
  codec: BinCodec,
  startedAtMs = T0,
): Promise<RecordingHold> {
  await createConversation(db, {
    userId: USER,
    id,
    origin: "live",
    source: "omi",
    language: "en",
    externalData: null,
    clientDeviceId: null,
    clientPlatform: null,
    recordingSessionId: session,
    silenceTimeoutMs: 120_000,
    startedAtMs,
    nowMs: startedAtMs,
  });
  const sampleRate = codec === "pcm8" ? 8_000 : 16_000;
  const request = { userId: USER, id: session, codec, sampleRate, language: "en", nowMs: startedAtMs };
  return await openRecording(db, { ...request, leaseMs: LEASE_MS });
}

/** Returns the number of the next message. Throws where the session was taken over. */
export async function record(
  db: Db,
  hold: RecordingHold,
  conversationId: string,
  codec: BinCodec,
  samples: Float32Array,
  at: { readonly first: number; readonly ms: number },
): Promise<number> {
  const messageMs = codec === "opus" ? 10 : 20;
  const messages = await messagesOf(codec, samples);
  for (let i = 0; i < messages.length; i += CHUNK_MESSAGES) {
    const part = messages.slice(i, i + CHUNK_MESSAGES);
    const chunk = {
      userId: USER,
      sessionId: hold.id,
      epoch: hold.epoch,
      firstMessage: at.first + i,
      messageCount: part.length,
      durationMs: part.length * messageMs,
      capturedAtMs: at.ms + i * messageMs,
      conversationId,
      codec,
      sampleRate: codec === "pcm8" ? 8_000 : 16_000,
      layout: "linear8",
      channels: 1,
      payload: writeFrames(part),
    };
    const stored = await appendChunk(db, chunk, { nowMs: at.ms, leaseMs: LEASE_MS });
    if (stored !== "stored") throw new Error("the recording was taken over");
  }
  return at.first + messages.length;
}

/** Hands the sound of every recording to repair, as the sweep does once their leases ran out. Returns how many. */
export async function abandon(db: Db): Promise<number> {
  const nowMs = Date.now();
  const rows = await findAbandonedRecordings(db, nowMs, 10);
  for (const row of rows) await handOverRecording(db, row, nowMs, nowMs);
  return rows.length;
}
