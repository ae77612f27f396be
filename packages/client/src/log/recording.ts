/**
 * One recording as the log keeps it: what was fixed when it was captured, and where it is on its way to a conversation
 * (`RecordingState` of core). A recording of frames is a run of at most a minute of one capture session; a recording of kind
 * `sound` is an ordinary sound file, kept as it was given.
 */
import type { RecordingState } from "@holdfast/core";

export type RecordedCodec = "opus" | "opus_fs320" | "pcm16" | "pcm8";

export interface RecordingFacts {
  /** Unique in this log, for good. */
  readonly id: string;
  readonly kind: "frames" | "sound";
  /** Name of its file in the store. */
  readonly file: string;
  /** Account that made it; recordings of another account are parked: neither shown nor uploaded, always kept. */
  readonly owner: string;
  /** Capture session (`client_conversation_id`), a UUID; null for what was imported. */
  readonly sessionId: string | null;
  /** Place of its first frame in the session, counted from 0. */
  readonly firstSequence: number;
  readonly device: string;
  readonly deviceModel: string | null;
  readonly codec: RecordedCodec;
  readonly sampleRate: number;
  readonly channels: number;
  /** Nominal samples of a frame. */
  readonly frameSamples: number;
  /** Wall time of the first sample, Unix milliseconds. */
  readonly startedAtMs: number;
  /** What it was called where it came from; null for what was captured here. */
  readonly originalName: string | null;
}

export interface Recording extends RecordingFacts, RecordingState {
  /** Frames held; 0 for kind `sound`. */
  readonly frames: number;
  /** Bytes of its file. */
  readonly bytes: number;
  /** Milliseconds of sound; 0 where nobody knows it yet. */
  readonly durationMs: number;
  /** Leading frames that the server acknowledged live: they are never uploaded. */
  readonly delivered: number;
  /** Conversation that it belongs to, as far as it is known. */
  readonly conversationId: string | null;
}
