/**
 * A whole `.bin` recording to 16 kHz samples. It never throws for what is inside the file: a damaged tail is dropped and
 * reported, a frame that does not decode is silence and counted, so that the time of everything after it stays right.
 */
import {
  type DecodableCodec,
  detectPcm8Layout,
  type FrameDamage,
  type RecordingName,
  readFrames,
} from "@holdfast/contract";
import { createMessageDecoder } from "./message-decoder.ts";
import { fromS16, fromU8 } from "./pcm.ts";
import { resampleAll, TARGET_RATE } from "./resample.ts";
import { SampleBuffer } from "./sample-buffer.ts";

export interface DecodedRecording {
  readonly samples16k: Float32Array;
  readonly sampleRate: typeof TARGET_RATE;
  /** Whole frames in the container. 0 means that there was nothing to decode. */
  readonly frames: number;
  /** Frames that did not decode and became silence. */
  readonly badFrames: number;
  /** Why reading stopped before the end of the file. */
  readonly damage: FrameDamage | undefined;
  readonly droppedBytes: number;
}

/** Bytes that `detectPcm8Layout` is shown: a second, which tells more than the first (silent) frame. */
const LAYOUT_SAMPLE_BYTES = 16_000;

export async function decodeRecordingFile(
  file: Uint8Array,
  name: Pick<RecordingName, "codec" | "sampleRate" | "frameSamples">,
): Promise<DecodedRecording> {
  const { frames, damage, droppedBytes } = readFrames(file);
  const { samples, badFrames } =
    name.codec === "opus" ? await decodeOpus(frames, name.frameSamples) : await decodePcm(frames, name);
  return {
    samples16k: samples,
    sampleRate: TARGET_RATE,
    frames: frames.length,
    badFrames,
    damage,
    droppedBytes,
  };
}

async function decodeOpus(
  frames: readonly Uint8Array[],
  frameSamples: number,
): Promise<{ samples: Float32Array; badFrames: number }> {
  const codec: DecodableCodec = frameSamples === 320 ? "opus_fs320" : "opus";
  const decoder = await createMessageDecoder({ codec, sampleRate: TARGET_RATE });
  try {
    const out = new SampleBuffer(frames.length * frameSamples);
    for (const frame of frames) out.push(decoder.decode(frame));
    return { samples: out.finish(), badFrames: decoder.stats.badMessages };
  } finally {
    decoder.close();
  }
}

async function decodePcm(
  frames: readonly Uint8Array[],
  name: Pick<RecordingName, "codec" | "sampleRate">,
): Promise<{ samples: Float32Array; badFrames: number }> {
  const wide = name.codec === "pcm16" || detectPcm8Layout(head(frames)) === "linear16";
  const bytes = frames.reduce((sum, frame) => sum + frame.length, 0);
  const joined = new SampleBuffer(wide ? bytes / 2 : bytes);
  let badFrames = 0;
  for (const frame of frames) {
    if (wide && frame.length % 2 === 1) badFrames += 1;
    joined.push(wide ? fromS16(frame) : fromU8(frame));
  }
  return { samples: await resampleAll(joined.finish(), name.sampleRate), badFrames };
}

/** The loudest stretch of bytes would tell most; the first second is nearly as good and cheap to find. */
function head(frames: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(LAYOUT_SAMPLE_BYTES);
  let at = 0;
  for (const frame of frames) {
    if (at >= out.length) break;
    const part = frame.subarray(0, Math.min(frame.length, out.length - at));
    out.set(part, at);
    at += part.length;
  }
  return out.subarray(0, at);
}
