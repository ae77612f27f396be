/**
 * Short stretches out of a kept file (Ogg Opus, written by `exporter.ts`) as WAV files, in a sound thread. Packets before a
 * stretch are passed over undecoded, but for the few that a decoder needs to come into step.
 */
import { createMessageDecoder, encodeWav16, readOggOpus } from "@holdfast/codecs";
import { opusPacketMs } from "@holdfast/contract";

export interface Cut {
  /** At 16 kHz. */
  readonly fromSample: number;
  readonly samples: number;
}

const RATE = 16_000;
const SAMPLES_PER_MS = 16;
/** What a decoder hears before the first sample that counts (RFC 7845, section 4.6). */
const PREROLL_SAMPLES = 80 * SAMPLES_PER_MS;

/** One for each cut, in their order; silence where the file ends before. */
export async function cutSound(file: Uint8Array, cuts: readonly Cut[]): Promise<Uint8Array[]> {
  const wavs: Uint8Array[] = [];
  for (const cut of cuts) wavs.push(encodeWav16(await samplesOf(file, cut), RATE));
  return wavs;
}

async function samplesOf(file: Uint8Array, { fromSample, samples }: Cut): Promise<Float32Array> {
  const out = new Float32Array(samples);
  const end = fromSample + samples;
  const decoder = await createMessageDecoder({ codec: "opus", sampleRate: RATE });
  try {
    let position = 0;
    for (const packet of readOggOpus(file)) {
      const from = position;
      position += (opusPacketMs(packet) ?? 0) * SAMPLES_PER_MS;
      if (position <= fromSample - PREROLL_SAMPLES) continue;
      if (from >= end) break;
      const decoded = decoder.decode(packet);
      const skip = Math.max(0, fromSample - from);
      if (skip < decoded.length)
        out.set(decoded.subarray(skip, Math.min(decoded.length, end - from)), from + skip - fromSample);
    }
  } finally {
    decoder.close();
  }
  return out;
}
