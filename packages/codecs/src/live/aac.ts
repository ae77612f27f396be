/**
 * Live AAC messages to 16 kHz: ADTS frames, which say their rate and channels themselves, or bare frames, which have the
 * rate of the session and as many channels as their first element. The decoder keeps state from frame to frame (the second
 * half of each window); a change of rate or channels starts a new one. A frame that does not decode is silence.
 */
import { AAC_BLOCK_SAMPLES, AAC_SAMPLE_RATES, type AdtsFrame, adtsFrames, HoldfastError } from "@holdfast/contract";
import { createRateFollower } from "../resample.ts";
import { SampleBuffer } from "../sample-buffer.ts";
import { loadAac, openAacDecoder } from "../sound-file/aac.ts";
import type { MessageReader } from "./message-reader.ts";

/** Louder than this is not sound but a frame that was misread. */
const MAX_LOUDNESS = 8;
/** Kinds of element, three bits each (ISO 14496-3 table 4.85). Fillers may come before the sound. */
const ONE_CHANNEL = 0;
const CHANNEL_PAIR = 1;
const FILLER = 6;

type Frame = Pick<AdtsFrame, "payload" | "sampleRate" | "channels" | "samples">;

export async function createAacReader(sampleRate: number): Promise<MessageReader> {
  if (!AAC_SAMPLE_RATES.includes(sampleRate)) {
    throw new HoldfastError("AAC knows no such sample rate", { code: "unsupported_audio", class: "permanent_input" });
  }
  const library = await loadAac();
  const resampler = await createRateFollower();
  let open: { key: string; decode: (payload: Uint8Array) => Float32Array | undefined } | undefined;

  const decode = ({ payload, sampleRate: rate, channels, samples }: Frame): Float32Array | undefined => {
    if (channels < 1 || channels > 2) return undefined;
    const key = `${rate} ${channels}`;
    if (open?.key !== key) {
      open = { key, decode: openAacDecoder(library, { rateIndex: AAC_SAMPLE_RATES.indexOf(rate), channels }).decode };
    }
    const decoded = open.decode(payload);
    return decoded?.length === samples && isSound(decoded) ? decoded : undefined;
  };

  return {
    read(message) {
      const found = adtsFrames(message);
      const frames = found.length > 0 ? found : [bareFrame(message, sampleRate)];
      const out = new SampleBuffer();
      let bad = 0;
      for (const frame of frames) {
        const decoded = frame.whole && frame.lowComplexity ? decode(frame) : undefined;
        if (decoded === undefined) bad += 1;
        out.push(resampler.push(decoded ?? new Float32Array(frame.samples), frame.sampleRate));
      }
      return { samples: out.finish(), bad: bad > 0 };
    },
    close: () => resampler.close(),
  };
}

function bareFrame(payload: Uint8Array, sampleRate: number): AdtsFrame {
  const channels = channelsOf(payload);
  return { payload, whole: true, lowComplexity: true, sampleRate, channels, samples: AAC_BLOCK_SAMPLES };
}

/** Channels of the first element with sound in it; 0 when there is none at the beginning. */
function channelsOf(payload: Uint8Array): number {
  let at = 0;
  const read = (bits: number): number => {
    let value = 0;
    for (let i = 0; i < bits; i++, at++) value = value * 2 + (((payload[at >> 3] ?? 0) >> (7 - (at & 7))) & 1);
    return value;
  };
  while (at < payload.length * 8) {
    const kind = read(3);
    if (kind === ONE_CHANNEL) return 1;
    if (kind === CHANNEL_PAIR) return 2;
    if (kind !== FILLER) return 0;
    const count = read(4);
    const bytes = count === 15 ? 14 + read(8) : count;
    at += 8 * bytes;
  }
  return 0;
}

function isSound(samples: Float32Array): boolean {
  return samples.every((sample) => Math.abs(sample) <= MAX_LOUDNESS);
}
