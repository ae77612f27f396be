/** Kept sound inside a conversation as clients see it: the parts, written with them, and how they become one (seconds). */
import { createHash } from "node:crypto";
import { AUDIO_FILE_RATE, joinParts, type PlayablePart } from "@holdfast/core";

/** One element of a conversation's `audio_files`. */
export interface AudioFileView {
  readonly id: string;
  readonly uid: string;
  readonly conversation_id: string;
  readonly chunk_timestamps: readonly number[];
  readonly provider: string;
  readonly started_at: string;
  readonly duration: number;
  readonly captured_duration: number;
  readonly bytes: number;
}

export function audioFileView(
  home: { readonly userId: string; readonly conversationId: string },
  part: PlayablePart & { readonly bytes: number },
): AudioFileView {
  return {
    id: part.id,
    uid: home.userId,
    conversation_id: home.conversationId,
    chunk_timestamps: [part.startedAtMs / 1000],
    provider: "holdfast",
    started_at: new Date(part.startedAtMs).toISOString(),
    duration: part.samples / AUDIO_FILE_RATE,
    captured_duration: part.capturedSamples / AUDIO_FILE_RATE,
    bytes: part.bytes,
  };
}

/** `conversation_audio` of a conversation that began at `conversationStartMs`; null where no sound was kept. */
export function conversationAudio(
  files: readonly AudioFileView[],
  conversationStartMs: number,
): Record<string, unknown> | null {
  if (files.length === 0) return null;
  const parts = files.map((file) => ({
    id: file.id,
    startedAtMs: Date.parse(file.started_at),
    samples: Math.round(file.duration * AUDIO_FILE_RATE),
    capturedSamples: Math.round(file.captured_duration * AUDIO_FILE_RATE),
  }));
  const fingerprint = createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 32);
  return {
    audio_files_fingerprint: fingerprint,
    ...joinParts(parts, conversationStartMs),
    content_type: "audio/wav",
  };
}
