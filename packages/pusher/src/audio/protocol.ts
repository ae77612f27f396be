/**
 * What the pusher and its sound threads say to each other: one question, one answer, in order. A thread either serves live
 * streams, each under a number, or works on one file at a time; nothing is kept between files.
 */
import type { DecodableCodec, Pcm8Layout, ThreadFailure } from "@holdfast/contract";
import type { ConversationChunk } from "@holdfast/store";
import type { Cut } from "./cut.ts";
import type { FileToKeep } from "./upload-sound.ts";

/** Sound of a live link, length-prefixed as `readFrames` splits it. */
export interface LiveSound {
  readonly stream: number;
  readonly codec: DecodableCodec;
  readonly sampleRate: number;
  readonly layout: Pcm8Layout;
  /** More than 1: each message begins with the number of its channel; what comes out is their sum. */
  readonly channels: number;
  readonly payload: Uint8Array;
}

export type SoundRequest =
  | ({ readonly type: "live" } & LiveSound)
  /** Answered with what the stream still held back. */
  | { readonly type: "live_end"; readonly stream: number }
  | { readonly type: "export"; readonly chunks: readonly ConversationChunk[] }
  /** Opens a file of an upload; `export_next` gives it to the same export, and answers `done` behind its end. */
  | { readonly type: "export_file"; readonly file: FileToKeep }
  | { readonly type: "export_next" }
  | { readonly type: "export_end" }
  | { readonly type: "cut"; readonly file: Uint8Array; readonly cuts: readonly Cut[] }
  | { readonly type: "render"; readonly file: Uint8Array }
  | { readonly type: "render_next" };

/** What an export gives, in order: a part begins, its bytes follow, it ends. Lengths are samples at 16 kHz. */
export type ExportItem =
  | { readonly kind: "part"; readonly startedAtMs: number }
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  | { readonly kind: "end"; readonly samples: number; readonly capturedSamples: number };

export type SoundAnswer =
  | { readonly type: "done" }
  | { readonly type: "items"; readonly items: readonly ExportItem[] }
  /** A WAV file for each cut. */
  | { readonly type: "cuts"; readonly wavs: readonly Uint8Array[] }
  /** 16-bit little-endian samples at 16 kHz; undefined where there are no more. */
  | { readonly type: "pcm"; readonly pcm: Uint8Array | undefined }
  | ThreadFailure;
