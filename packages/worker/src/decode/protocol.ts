/**
 * What the worker process and its decode thread say to each other: open a source, then ask for piece after piece until the
 * end. Answers come in the order of the questions. Sound crosses as 16-bit WAV, ready to be posted, and is moved, not copied.
 */
import type { DecodableCodec, Pcm8Layout, RecordingName, ThreadFailure } from "@holdfast/contract";

export type SoundToDecode =
  /** The bytes of a `.bin` recording and what its name says. */
  | {
      readonly kind: "recording";
      readonly bytes: Uint8Array;
      readonly name: Pick<RecordingName, "codec" | "sampleRate" | "frameSamples">;
    }
  /** The bytes of an ordinary sound file. */
  | { readonly kind: "sound"; readonly bytes: Uint8Array }
  /** Messages of a live stream, without gaps between them. */
  | {
      readonly kind: "messages";
      readonly codec: DecodableCodec;
      readonly sampleRate: number;
      readonly layout: Pcm8Layout;
      readonly messages: readonly Uint8Array[];
    };

export type DecodeRequest =
  | { readonly type: "open"; readonly source: SoundToDecode; readonly fromSample: number }
  | { readonly type: "next" };

export interface DecodedPiece {
  readonly type: "piece";
  /** Position of the first sample in the whole source, at 16 kHz. */
  readonly startSample: number;
  readonly sampleCount: number;
  /** False where nothing in it could be decoded: it is silence of our making, not of the recording. */
  readonly usable: boolean;
  /** Nothing but zeros: no engine could hear anything in it. */
  readonly silent: boolean;
  /** Of `wav`: the same samples have the same digest in whatever file they come. */
  readonly sha256: string;
  readonly wav: Uint8Array;
}

/** Why part of a source is missing from its pieces; see `codes.ts` for what they become on the wire. */
export type DecodeDamage = "truncated" | "corrupt" | "bad_frames" | "nothing_decoded";

export interface DecodeEnd {
  readonly type: "end";
  /** Samples at 16 kHz in all. */
  readonly samples: number;
  readonly damage: DecodeDamage | undefined;
  /** Frames of a recording, messages of a stream; a sound file is one. */
  readonly frames: number;
  /** Those of them that did not decode, or not as a whole. */
  readonly droppedFrames: number;
  /** Bytes behind the last frame that could be found. */
  readonly droppedBytes: number;
}

export type DecodeAnswer = { readonly type: "opened" } | DecodedPiece | DecodeEnd | ThreadFailure;
