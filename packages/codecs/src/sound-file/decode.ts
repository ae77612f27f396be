/**
 * The files people drop: WAV, MP3, M4A, AAC, Ogg (Opus, Vorbis), WebM (Opus), FLAC; any rate, any number of channels, to
 * 16 kHz mono. The file is read packet by packet and never held as a whole; the result is the only large thing in memory
 * (230 MB for an hour). A file that nobody can read is refused with a typed error: `unsupported_audio` when its format is
 * not known, `invalid_audio` when it is known and broken, `audio_too_long` above the limit. A broken tail is not a
 * broken file: what was read before it is kept and `damaged` says so.
 */
import { createReadStream } from "node:fs";
import { HoldfastError, isHoldfastError, messageOf } from "@holdfast/contract";
import type { EncodedPacket, InputAudioTrack } from "mediabunny";
import { createResampler, TARGET_RATE } from "../resample.ts";
import { SampleBuffer } from "../sample-buffer.ts";
import { average } from "./channels.ts";
import { createPacketDecoder } from "./packet-decoder.ts";

/** The bytes of a file, or its path. */
export type SoundSource = Uint8Array | string;

export interface DecodedSound {
  readonly samples16k: Float32Array;
  readonly sampleRate: typeof TARGET_RATE;
  readonly durationSeconds: number;
  /** Name of the container and of the codec in it, for people. */
  readonly format: string;
  /** Part of the file could not be read and is missing, or silent, in the result. */
  readonly damaged: boolean;
}

const DEFAULT_MAX_SECONDS = 4 * 3600;

/** Throws HoldfastError of class `permanent_input`, see above. Takes CPU time: call it where nobody waits for answers. */
export async function decodeSoundFile(
  source: SoundSource,
  options: { readonly maxSeconds?: number } = {},
): Promise<DecodedSound> {
  const mediabunny = await import("mediabunny");
  const input = new mediabunny.Input({
    formats: mediabunny.ALL_FORMATS,
    source: typeof source === "string" ? new mediabunny.FilePathSource(source) : new mediabunny.BufferSource(source),
  });
  try {
    const track = await openTrack(input);
    const container = (await input.getFormat()).name;
    const parts =
      track.codec === "vorbis" && container === "Ogg"
        ? vorbisParts(source)
        : packetParts(track, new mediabunny.EncodedPacketSink(track));
    const maxSamples = (options.maxSeconds ?? DEFAULT_MAX_SECONDS) * TARGET_RATE;
    const { samples, damaged } = await collect(parts, maxSamples);
    return {
      samples16k: samples,
      sampleRate: TARGET_RATE,
      durationSeconds: samples.length / TARGET_RATE,
      format: `${container} ${track.codec ?? ""}`.trim(),
      damaged,
    };
  } catch (error) {
    throw isHoldfastError(error) ? error : invalid("this sound file is damaged", error);
  } finally {
    input.dispose();
  }
}

/** A stretch of mono samples, or the news that a stretch could not be decoded. */
type Part = { readonly samples: Float32Array; readonly rate: number } | "damaged";

async function openTrack(input: InstanceType<typeof import("mediabunny").Input>): Promise<InputAudioTrack> {
  // Some files of a few bytes make the format detection itself fail.
  const readable = await input.canRead().catch(() => false);
  if (!readable) throw unsupported("this is not a sound file that Holdfast can read");
  let track: InputAudioTrack | null;
  try {
    track = await input.getPrimaryAudioTrack();
  } catch (error) {
    throw invalid("this sound file is damaged", error);
  }
  if (track === null) throw unsupported("there is no sound in this file");
  return track;
}

async function* packetParts(
  track: InputAudioTrack,
  sink: { packets(): AsyncGenerator<EncodedPacket, void, unknown> },
): AsyncGenerator<Part> {
  const decoder = await createPacketDecoder(track);
  try {
    for await (const packet of sink.packets()) {
      const samples = await decoder.decode(packet.data);
      yield samples === undefined ? "damaged" : { samples, rate: decoder.rate };
    }
  } finally {
    decoder.close();
  }
}

async function* vorbisParts(source: SoundSource): AsyncGenerator<Part> {
  const { OggVorbisDecoder } = await import("@wasm-audio-decoders/ogg-vorbis");
  const decoder = new OggVorbisDecoder();
  await decoder.ready;
  try {
    for await (const chunk of chunksOf(source)) {
      const { channelData, samplesDecoded, sampleRate } = await decoder.decode(chunk);
      if (samplesDecoded > 0) yield { samples: average(channelData), rate: sampleRate };
    }
    const { channelData, samplesDecoded, sampleRate } = await decoder.flush();
    if (samplesDecoded > 0) yield { samples: average(channelData), rate: sampleRate };
  } finally {
    decoder.free();
  }
}

async function* chunksOf(source: SoundSource, chunkBytes = 65_536): AsyncGenerator<Uint8Array> {
  if (typeof source === "string") {
    yield* createReadStream(source, { highWaterMark: chunkBytes });
    return;
  }
  for (let at = 0; at < source.length; at += chunkBytes) yield source.subarray(at, at + chunkBytes);
}

/** Resamples and joins. An error after the first samples ends the file there. */
async function collect(
  parts: AsyncGenerator<Part>,
  maxSamples: number,
): Promise<{ samples: Float32Array; damaged: boolean }> {
  const out = new SampleBuffer();
  let resampler: Awaited<ReturnType<typeof createResampler>> | undefined;
  let good = 0;
  let bad = 0;
  let failure: unknown;
  try {
    for await (const part of parts) {
      if (part === "damaged") {
        bad += 1;
        continue;
      }
      good += 1;
      resampler ??= await createResampler(part.rate);
      out.push(resampler.push(part.samples));
      if (out.length > maxSamples) {
        throw new HoldfastError(
          `a recording may be at most ${Math.round(maxSamples / TARGET_RATE / 60)} minutes long`,
          {
            code: "audio_too_long",
            class: "permanent_input",
          },
        );
      }
    }
    if (resampler !== undefined) out.push(resampler.flush());
  } catch (error) {
    if (isHoldfastError(error)) throw error;
    failure = error;
  } finally {
    resampler?.close();
  }
  if (out.length === 0 || bad > good) throw invalid("this sound file is damaged", failure);
  return { samples: out.finish(), damaged: bad > 0 || failure !== undefined };
}

function unsupported(message: string): HoldfastError {
  return new HoldfastError(message, { code: "unsupported_audio", class: "permanent_input" });
}

function invalid(message: string, cause: unknown): HoldfastError {
  const detail = cause === undefined ? "" : `: ${messageOf(cause)}`;
  return new HoldfastError(`${message}${detail}`, { code: "invalid_audio", class: "permanent_input", cause });
}
