/** The kept sound of a conversation, as its route answers (reference offline-sync 10). */

export type SoundAvailability = "cached" | "pending" | "unavailable";

/** Kept sound of a conversation, its parts one after the other without the gaps between them; seconds. */
export interface ConversationSound {
  readonly status: SoundAvailability;
  /** Works without a token for an hour; null until the sound is `cached`. */
  readonly signed_url: string | null;
  readonly spans: readonly SoundSpan[];
}

/** A part: where it lies after the start of the conversation (may be negative), where in the joined sound, and its length. */
export interface SoundSpan {
  readonly wall_offset: number;
  readonly artifact_offset: number;
  readonly len: number;
}

export interface SoundAnswer {
  /** Null where no sound was kept. */
  readonly sound: ConversationSound | null;
  /** The server's wish for the next question; null where nothing will change. */
  readonly pollAfterMs: number | null;
}
