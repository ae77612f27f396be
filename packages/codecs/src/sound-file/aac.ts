/**
 * AAC packets to mono samples, by aac.js (LGPL, pure JavaScript). It knows the low-complexity profile. HE-AAC carries a
 * low-complexity core at half the rate, with the upper half of the spectrum described on top: decoding only the core keeps
 * everything up to 8 kHz or more, which is all that speech recognition uses.
 */
import { AAC_SAMPLE_RATES, adtsFrames, HoldfastError } from "@holdfast/contract";
import { downmix } from "./channels.ts";
import type { PacketDecoder } from "./packet-decoder.ts";

const LOW_COMPLEXITY = 2;
const NOISE_SEED = 0x1f2e3d4c;
/** Spectral band replication, and the same with parametric stereo: the core's real profile follows the outer rate. */
const HIGH_EFFICIENCY: readonly number[] = [5, 29];

export interface AacSettings {
  readonly rateIndex: number;
  readonly channels: number;
}

export async function createAacDecoder(
  description: Uint8Array | undefined,
  track: AacSettings,
): Promise<PacketDecoder> {
  const settings = description === undefined ? track : readAudioSpecificConfig(description);
  return openAacDecoder(await loadAac(), settings);
}

/** A decoder of bare or ADTS frames. Throws `unsupported_audio` for what it cannot decode. */
export function openAacDecoder(AV: AacLibrary, settings: AacSettings): PacketDecoder & { decode: DecodeAac } {
  const rate = AAC_SAMPLE_RATES[settings.rateIndex];
  if (rate === undefined || settings.channels < 1 || settings.channels > 2) {
    throw new HoldfastError("this kind of AAC is not supported", {
      code: "unsupported_audio",
      class: "permanent_input",
    });
  }
  const found = AV.Decoder.find("mp4a");
  if (found === undefined) throw new Error("the AAC decoder did not register itself");
  const decoder: typeof found.prototype = Object.create(found.prototype);
  decoder.format = { channelsPerFrame: settings.channels, sampleRate: rate };
  decoder.init();
  decoder.setCookie(new AV.Buffer(lowComplexityConfig(settings)));
  let ownNoise = NOISE_SEED;
  return {
    rate,
    decode(packet): Float32Array | undefined {
      const list = new AV.BufferList();
      list.append(new AV.Buffer(adtsFrames(packet)[0]?.payload ?? packet));
      decoder.bitstream = new AV.Bitstream(new AV.Stream(list));
      noise = ownNoise;
      try {
        return downmix(decoder.readChunk(), settings.channels);
      } catch {
        return undefined;
      } finally {
        ownNoise = noise;
      }
    },
    close: () => {},
  };
}

type DecodeAac = (packet: Uint8Array) => Float32Array | undefined;

export type AacLibrary = typeof import("av").default;

/** State of the noise generator while a packet is decoded; between packets each decoder keeps its own. */
let noise = 0;

/**
 * Loads the library and mends its noise generator, which multiplies by a multiple of four and so falls to zero after 16
 * samples; noise bands (common in stereo files) then come out as NaN. The field that holds its state is replaced by the
 * generator that was meant.
 */
export async function loadAac(): Promise<AacLibrary> {
  const { default: AV } = await import("av");
  await import("aac");
  const { default: ICStream } = await import("aac/src/ics.js");
  Object.defineProperty(ICStream.prototype, "randomState", {
    configurable: true,
    set: () => {},
    get: () => {
      noise = (Math.imul(noise, 1_664_525) + 1_013_904_223) | 0;
      return noise;
    },
  });
  return AV;
}

/** Index into the table of sample rates, for a stream that has no configuration of its own (ADTS). */
export function aacRateIndex(sampleRate: number): number {
  return AAC_SAMPLE_RATES.indexOf(sampleRate);
}

/** AudioSpecificConfig, ISO 14496-3 section 1.6.2.1: profile, rate, channels, and the core's profile for HE-AAC. */
export function readAudioSpecificConfig(bytes: Uint8Array): AacSettings {
  let at = 0;
  const read = (count: number): number => {
    let value = 0;
    for (let i = 0; i < count; i++, at++) value = value * 2 + (((bytes[at >> 3] ?? 0) >> (7 - (at & 7))) & 1);
    return value;
  };
  const profile = read(5);
  const rateIndex = readRateIndex(read);
  const channels = read(4);
  if (profile === LOW_COMPLEXITY) return { rateIndex, channels };
  if (HIGH_EFFICIENCY.includes(profile)) {
    readRateIndex(read);
    if (read(5) === LOW_COMPLEXITY) return { rateIndex, channels };
  }
  throw new HoldfastError(`AAC profile ${profile} is not supported`, {
    code: "unsupported_audio",
    class: "permanent_input",
  });
}

function readRateIndex(read: (count: number) => number): number {
  const index = read(4);
  return index === 15 ? aacRateIndex(read(24)) : index;
}

function lowComplexityConfig({ rateIndex, channels }: AacSettings): Uint8Array {
  const bits = (LOW_COMPLEXITY << 11) | (rateIndex << 7) | (channels << 3);
  return Uint8Array.of(bits >> 8, bits & 0xff);
}
