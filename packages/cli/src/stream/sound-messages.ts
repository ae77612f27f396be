/** A sound file as the audio messages a device would send: one Opus packet each, or 20 ms of samples. */

import { createOpusEncoder, decodeSoundFile, TARGET_RATE } from "@holdfast/codecs";
import type { DecodableCodec } from "@holdfast/contract";

export interface SoundMessages {
  readonly codec: DecodableCodec;
  readonly sampleRate: number;
  readonly messages: readonly Uint8Array[];
  readonly messageMs: number;
  readonly durationMs: number;
}

const PCM_MESSAGE_MS = 20;

/** Throws HoldfastError of class `permanent_input` for a file that cannot be read as sound. */
export async function soundMessages(path: string, codec: DecodableCodec): Promise<SoundMessages> {
  const { samples16k } = await decodeSoundFile(path);
  return await encodeMessages(samples16k, codec);
}

export async function encodeMessages(samples: Float32Array, codec: DecodableCodec): Promise<SoundMessages> {
  const messageMs = codec === "opus" ? 10 : PCM_MESSAGE_MS;
  const step = (TARGET_RATE * messageMs) / 1000;
  const messages: Uint8Array[] = [];
  const encode = await encoderFor(codec);
  try {
    // The last message is filled up with silence, as a device does it.
    for (let at = 0; at < samples.length; at += step) messages.push(encode.one(samples.subarray(at, at + step), step));
  } finally {
    encode.close();
  }
  return { codec, sampleRate: TARGET_RATE, messages, messageMs, durationMs: messages.length * messageMs };
}

interface MessageEncoder {
  one(samples: Float32Array, count: number): Uint8Array;
  close(): void;
}

async function encoderFor(codec: DecodableCodec): Promise<MessageEncoder> {
  if (codec === "pcm16") return { one: toS16, close: () => {} };
  if (codec === "pcm8") return { one: toU8, close: () => {} };
  const encoder = await createOpusEncoder({ frameMs: codec === "opus" ? 10 : 20 });
  return { one: (samples) => encoder.encode(samples), close: () => encoder.close() };
}

/** Signed 16-bit little-endian. */
function toS16(samples: Float32Array, count: number): Uint8Array {
  const out = new DataView(new ArrayBuffer(count * 2));
  samples.forEach((sample, i) => {
    out.setInt16(i * 2, Math.round(clamp(sample) * 32_767), true);
  });
  return new Uint8Array(out.buffer);
}

/** Unsigned 8-bit, silence is 128. */
function toU8(samples: Float32Array, count: number): Uint8Array {
  const out = new Uint8Array(count).fill(128);
  samples.forEach((sample, i) => {
    out[i] = Math.round(clamp(sample) * 127) + 128;
  });
  return out;
}

function clamp(sample: number): number {
  return Math.max(-1, Math.min(1, sample));
}
