/**
 * The messages of one live stream to 16 kHz samples. The law that matters: message by message it yields exactly the time
 * that `messageMs` of the contract computes for it, whatever is inside. The gateway, which never decodes, keeps the same
 * clock. A packet that does not decode, or decodes to another length than it says, is silence of its length and counted.
 * Fractions of a sample (8 kHz, 44.1 kHz) are carried, so there is no drift over hours.
 */
import { type DecodableCodec, messageMs, type Pcm8Layout } from "@holdfast/contract";
import { createAacReader } from "./live/aac.ts";
import { createLc3Reader } from "./live/lc3.ts";
import type { MessageReader } from "./live/message-reader.ts";
import { createOpusReader } from "./live/opus.ts";
import { createPcmReader } from "./live/pcm.ts";
import { TARGET_RATE } from "./resample.ts";

export interface MessageDecoderOptions {
  readonly codec: DecodableCodec;
  /** Rate of PCM samples and of bare AAC frames; Opus and LC3 are decoded at 16 kHz whatever is given. */
  readonly sampleRate: number;
  /** Layout of `pcm8`, see `detectPcm8Layout`. */
  readonly layout?: Pcm8Layout;
}

export interface MessageDecoder {
  /** 16 kHz mono samples of this message. */
  decode(message: Uint8Array): Float32Array;
  readonly stats: { readonly messages: number; readonly badMessages: number; readonly samples: number };
  close(): void;
}

/** Throws HoldfastError `unsupported_audio` where the codec cannot have this sample rate. */
export async function createMessageDecoder(options: MessageDecoderOptions): Promise<MessageDecoder> {
  const { codec, sampleRate, layout } = options;
  const reader = await createReader(options);
  const stats = { messages: 0, badMessages: 0, samples: 0 };
  const due = sampleCounter();
  const ready = sampleQueue();
  return {
    stats,
    decode(message): Float32Array {
      const count = due(messageMs(codec, sampleRate, message, layout));
      const read = reader.read(message);
      stats.messages += 1;
      stats.samples += count;
      if (read === undefined || read.bad) stats.badMessages += 1;
      const samples = read?.samples ?? new Float32Array(count);
      if (samples.length === count && ready.length() === 0) return samples;
      ready.push(samples);
      return ready.take(count);
    },
    close: () => reader.close(),
  };
}

function createReader({ codec, sampleRate, layout }: MessageDecoderOptions): Promise<MessageReader> {
  switch (codec) {
    case "opus":
    case "opus_fs320":
      return createOpusReader();
    case "pcm16":
      return createPcmReader(sampleRate, 2);
    case "pcm8":
      return createPcmReader(sampleRate, layout === "linear16" ? 2 : 1);
    case "aac":
      return createAacReader(sampleRate);
    case "lc3_fs1030":
      return createLc3Reader();
    default:
      return codec satisfies never;
  }
}

/** Turns lengths in milliseconds into whole samples at 16 kHz, carrying what is left of a sample to the next call. */
function sampleCounter(): (ms: number) => number {
  let exact = 0;
  let given = 0;
  return (ms) => {
    exact += (ms * TARGET_RATE) / 1000;
    // Sums of thirds and elevenths come out a hair below the whole number they mean.
    const count = Math.floor(exact + 1e-6) - given;
    given += count;
    return count;
  };
}

/** First in, first out. What is asked for and not yet there (the delay of the filter, at the start) is silence in front. */
function sampleQueue(): { length(): number; push(samples: Float32Array): void; take(count: number): Float32Array } {
  let held = new Float32Array(0);
  return {
    length: () => held.length,
    push(samples): void {
      const joined = new Float32Array(held.length + samples.length);
      joined.set(held);
      joined.set(samples, held.length);
      held = joined;
    },
    take(count): Float32Array {
      const out = new Float32Array(count);
      const have = Math.min(count, held.length);
      out.set(held.subarray(0, have), count - have);
      held = held.slice(have);
      return out;
    },
  };
}
