/**
 * What a recording needs from the way to log and server. The adapter over `@holdfast/client` is in capture-link.ts; the
 * recorder knows only this.
 */
import type { Segment } from "@holdfast/contract";
import type { LinkState, Storage, Transcription } from "./recording-state.ts";

export interface LiveLinkListener {
  onState(state: LinkState): void;
  onTranscription(state: Transcription): void;
  onSegments(segments: readonly Segment[]): void;
  onSegmentsDeleted(ids: readonly string[]): void;
  onConversation(id: string): void;
  /** So many audio messages of this recording are durable on the server, live or by upload. */
  onSafe(messages: number): void;
  onStorage(storage: Storage): void;
}

export interface LiveLink {
  /** Keeps the message in the log, and sends it when it can. */
  send(message: Uint8Array): void;
  /**
   * Resolves when every message is in the log for good and the live way is closed. True: the server holds everything. False:
   * the rest is uploaded by itself.
   */
  finish(): Promise<boolean>;
}
