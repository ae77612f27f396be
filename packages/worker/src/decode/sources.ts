/**
 * The three kinds of sound a worker decodes, each as a stream of 16 kHz samples in the decode thread. Recordings and live
 * messages are decoded message by message, so that a recording of many hours needs no more memory than a short one. A message
 * that does not decode is silence of its length and counted: the time of everything after it stays right.
 */

import { createMessageDecoder, decodeSoundFile } from "@holdfast/codecs";
import { readFrames, recordingFormat } from "@holdfast/contract";
import type { DecodeDamage, SoundToDecode } from "./protocol.ts";

export interface SampleBlock {
  readonly samples: Float32Array;
  /** Messages decoded so far, and how many of them could not be. */
  readonly messages: number;
  readonly badMessages: number;
}

/** What was lost on the way. */
export interface SampleLoss {
  readonly damage: DecodeDamage | undefined;
  /** Messages that did not decode, or not as a whole. */
  readonly droppedMessages: number;
  readonly droppedBytes: number;
}

/** Yields samples; returns what was lost. Throws HoldfastError where the source cannot be read at all. */
export type SampleStream = AsyncGenerator<SampleBlock, SampleLoss>;

/** Messages per block: a second or so. */
const BLOCK_MESSAGES = 100;

export function openSource(source: SoundToDecode): SampleStream {
  switch (source.kind) {
    case "recording":
      return recordingSamples(source);
    case "sound":
      return soundSamples(source.bytes);
    case "messages":
      return messageSamples(source);
    default:
      return source satisfies never;
  }
}

async function* recordingSamples({ bytes, name }: Extract<SoundToDecode, { kind: "recording" }>): SampleStream {
  const { frames, damage, droppedBytes } = readFrames(bytes);
  const lost = yield* messageSamples({ ...recordingFormat(name, frames), messages: frames });
  if (damage === undefined) return lost;
  return { ...lost, damage: damage === "bad_length" ? "corrupt" : "truncated", droppedBytes };
}

async function* soundSamples(bytes: Uint8Array): SampleStream {
  const sound = await decodeSoundFile(bytes);
  yield { samples: sound.samples16k, messages: 1, badMessages: 0 };
  return { damage: sound.damaged ? "corrupt" : undefined, droppedMessages: 0, droppedBytes: 0 };
}

async function* messageSamples(source: Omit<Extract<SoundToDecode, { kind: "messages" }>, "kind">): SampleStream {
  const decoder = await createMessageDecoder(source);
  const width = source.codec === "pcm16" || (source.codec === "pcm8" && source.layout === "linear16") ? 2 : 1;
  let odd = 0;
  try {
    for (let at = 0; at < source.messages.length; at += BLOCK_MESSAGES) {
      const parts = source.messages.slice(at, at + BLOCK_MESSAGES).map((message) => {
        const { badMessages } = decoder.stats;
        const samples = decoder.decode(message);
        // Half a sample is no sample, even where the rest was heard.
        if (message.length % width !== 0 && decoder.stats.badMessages === badMessages) odd += 1;
        return samples;
      });
      yield { samples: joined(parts), messages: decoder.stats.messages, badMessages: decoder.stats.badMessages };
    }
    const droppedMessages = decoder.stats.badMessages + odd;
    return { damage: droppedMessages > 0 ? "bad_frames" : undefined, droppedMessages, droppedBytes: 0 };
  } finally {
    decoder.close();
  }
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const out = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
