/**
 * How the kept parts of a conversation become one piece of sound: they follow each other without the long gaps between them,
 * and each span says where a part lies on the wall clock of the conversation and in the joined sound. A word at `start` seconds
 * is heard at `artifact_offset + (start - wall_offset)` of the span that covers it (reference offline-sync section 10).
 */

export const AUDIO_FILE_RATE = 16_000;

export interface PlayablePart {
  readonly id: string;
  /** Wall time of the first sample, Unix milliseconds. */
  readonly startedAtMs: number;
  /** At 16 kHz, filled gaps included. */
  readonly samples: number;
  /** Those of them that were recorded. */
  readonly capturedSamples: number;
}

/** Seconds. `wall_offset` counts from the start of the conversation and is negative for sound before its first word. */
export interface PlaybackSpan {
  readonly file_id: string;
  readonly wall_offset: number;
  readonly artifact_offset: number;
  readonly len: number;
}

export interface JoinedPlayback {
  readonly duration: number;
  readonly captured_duration: number;
  readonly spans: readonly PlaybackSpan[];
}

/** `parts` in the order they are joined. */
export function joinParts(parts: readonly PlayablePart[], conversationStartMs: number): JoinedPlayback {
  let before = 0;
  let captured = 0;
  const spans = parts.map((part) => {
    const span = {
      file_id: part.id,
      wall_offset: (part.startedAtMs - conversationStartMs) / 1000,
      artifact_offset: before / AUDIO_FILE_RATE,
      len: part.samples / AUDIO_FILE_RATE,
    };
    before += part.samples;
    captured += part.capturedSamples;
    return span;
  });
  return { duration: before / AUDIO_FILE_RATE, captured_duration: captured / AUDIO_FILE_RATE, spans };
}
