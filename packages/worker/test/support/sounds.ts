/**
 * Sounds whose words are tones: half a second of `hz` is the word `t<hz>`. With `tone-engine.ts` as the engine a transcript
 * says exactly which samples arrived, once or twice or not at all, and when.
 */
import { createOpusEncoder, encodeWav16 } from "@holdfast/codecs";
import { recordingName, writeFrames } from "@holdfast/contract";

const RATE = 16_000;
const BEEP_SECONDS = 0.5;

export interface Beep {
  readonly at: number;
  readonly hz: number;
}

export function beeps(list: readonly Beep[], seconds: number, rate = RATE): Float32Array {
  const out = new Float32Array(Math.round(seconds * rate));
  for (const { at, hz } of list) {
    const from = Math.round(at * rate);
    for (let i = 0; i < BEEP_SECONDS * rate; i++) out[from + i] = 0.4 * Math.sin((2 * Math.PI * hz * i) / rate);
  }
  return out;
}

/** Words that the engine hears in `beeps`, in order. */
export function words(list: readonly Beep[]): string[] {
  return [...list].sort((a, b) => a.at - b.at).map(({ hz }) => `t${hz}`);
}

export type BinCodec = "opus" | "opus_fs320" | "pcm16" | "pcm8";

export interface TestFile {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly capturedAtMs: number | null;
}

export async function binFile(codec: BinCodec, samples: Float32Array, startedAtMs: number): Promise<TestFile> {
  const sampleRate = codec === "pcm8" ? 8_000 : RATE;
  const frameSamples = codec === "opus_fs320" ? 320 : 160;
  return {
    name: recordingName({ device: "test", codec, sampleRate, frameSamples, startedAtMs }),
    bytes: writeFrames(await messagesOf(codec, samples)),
    capturedAtMs: startedAtMs,
  };
}

export async function messagesOf(codec: BinCodec, samples: Float32Array): Promise<Uint8Array[]> {
  if (codec === "pcm16") return slices(new Uint8Array(int16(samples).buffer), 640);
  if (codec === "pcm8") return slices(eightBit(samples), 160);
  const encoder = await createOpusEncoder({ frameMs: codec === "opus" ? 10 : 20 });
  try {
    const size = encoder.frameSamples;
    const count = Math.ceil(samples.length / size);
    return Array.from({ length: count }, (_, i) => encoder.encode(samples.subarray(i * size, (i + 1) * size)));
  } finally {
    encoder.close();
  }
}

export function wavFile(name: string, samples: Float32Array, capturedAtMs: number | null): TestFile {
  return { name, bytes: encodeWav16(samples, RATE), capturedAtMs };
}

function int16(samples: Float32Array): Int16Array {
  return Int16Array.from(samples, (x) => Math.round(x * 32_767));
}

/** Every second sample as unsigned 8 bits: the tones of tests are far below 4 kHz. */
function eightBit(samples: Float32Array): Uint8Array {
  return Uint8Array.from({ length: samples.length >> 1 }, (_, i) => 128 + Math.round((samples[2 * i] ?? 0) * 127));
}

function slices(bytes: Uint8Array, size: number): Uint8Array[] {
  const count = Math.ceil(bytes.length / size);
  return Array.from({ length: count }, (_, i) => bytes.slice(i * size, (i + 1) * size));
}
