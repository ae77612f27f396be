/**
 * What a recording needs from the live connection. The adapter over `@holdfast/client` is in listen-link.ts; the recorder
 * knows only this.
 */
import type { Segment } from "@holdfast/contract";
import type { LinkState, Transcription } from "./recording-state.ts";

export interface LiveLinkListener {
  onState(state: LinkState): void;
  onTranscription(state: Transcription): void;
  onSegments(segments: readonly Segment[]): void;
  onSegmentsDeleted(ids: readonly string[]): void;
  onConversation(id: string): void;
  /** The first `messages` audio messages of this recording are durable on the server. */
  onSafe(messages: number): void;
  /** The server will not take this recording, now or later. */
  onRefused(): void;
}

export interface LiveLink {
  /** Keeps the message until the server has acknowledged it, and sends it when it can. */
  send(message: Uint8Array): void;
  /** Resolves when every message is acknowledged, however often the connection has to be made anew. */
  drain(): Promise<void>;
  close(): void;
}
