/**
 * Who takes what a link brings besides process requests: new words (opcode 102) and sound (opcode 101), for webhooks and the
 * like. Consumers see whole frames in the order they came, one at a time for each link and kind, and never see a frame that
 * broke the rules.
 *
 * The link promises: it keeps at most 50 batches and 20 MiB of sound that a slow consumer has not taken yet, drops the oldest
 * beyond that and counts it; nothing is kept for a kind that nobody wants; a consumer that rejects is logged and the next
 * frame is given all the same; `closed` comes last, when everything kept was offered or the drain's deadline passed.
 * It refuses to wait for a consumer in any other place: process requests and the socket itself never do.
 */
import type { DecodableCodec, Pcm8Layout, Segment } from "@holdfast/contract";

/** One connection of a gateway for one session of a user. */
export interface LinkIdentity {
  /** Number of the connection within this process. */
  readonly link: number;
  readonly userId: string;
  /** What the payload of opcode 101 holds: `pcm16` bare samples, all else frames as `readFrames` splits them. */
  readonly codec: DecodableCodec;
  /** Matters for `pcm8` only. */
  readonly layout: Pcm8Layout;
  /** Hz. */
  readonly sampleRate: number;
  /** More than 1: a call. The first byte of each message is its channel, and the payload of opcode 101 is always frames. */
  readonly channels?: number;
  /** The version of the audio timeline that the gateway asked for, as far as we know it. */
  readonly timeline?: number | undefined;
}

export interface TranscriptBatch {
  readonly link: LinkIdentity;
  /** The `memory_id` of the frame; null where the gateway named none. It says nothing about later frames. */
  readonly conversationId: string | null;
  readonly segments: readonly Segment[];
}

export interface AudioRun {
  readonly link: LinkIdentity;
  /** The conversation bound by the last opcode 103. Sound before the first 103 is dropped and counted. */
  readonly conversationId: string;
  /** Wall time of the first sample, Unix seconds. */
  readonly startSeconds: number;
  /** As it came: bare 16-bit little-endian mono samples for `pcm16` of one channel, length-prefixed frames otherwise. */
  readonly payload: Uint8Array;
}

export interface LinkConsumers {
  /** A link is there: a good moment to look up what this user wants. Must not throw. */
  opened(link: LinkIdentity): void;
  /** Asked for every frame before it is kept, so it must be cheap: answer from memory. */
  wants(link: LinkIdentity, kind: "transcript" | "audio"): boolean;
  onTranscript(batch: TranscriptBatch): Promise<void>;
  onAudio(run: AudioRun): Promise<void>;
  /** Nothing comes from this link any more. */
  closed(link: LinkIdentity): Promise<void>;
}

/** Wants nothing. */
export const noConsumers: LinkConsumers = {
  opened: () => {},
  wants: () => false,
  onTranscript: async () => {},
  onAudio: async () => {},
  closed: async () => {},
};
