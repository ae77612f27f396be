/**
 * Makes the recordings of `fixtures/` from `fixtures/jfk.wav`, always the same bytes: `.bin` recordings of each codec, WAV
 * files of other rates, silence and noise, and damaged variants. Run by `npm run fixtures`; the results are checked in.
 * The files in `fixtures/sound` are made once by ffmpeg (see PROVENANCE.md) and not by this script.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createOpusEncoder, decodeSoundFile, encodeWav16 } from "@holdfast/codecs";
import { recordingName, writeFrames } from "@holdfast/contract";

const FOLDER = new URL("../fixtures/", import.meta.url).pathname;
const RATE = 16_000;
/** 24 August 2025, the start of every fixture recording. */
const STARTED_AT_MS = 1_756_000_000_000;

const { samples16k: jfk } = await decodeSoundFile(join(FOLDER, "jfk.wav"));
mkdirSync(join(FOLDER, "bin"), { recursive: true });
mkdirSync(join(FOLDER, "wav"), { recursive: true });

const opus10 = await opusFrames(jfk, 10);
const opus20 = await opusFrames(jfk, 20);
writeBin("opus", 160, writeFrames(opus10));
writeBin("opus_fs320", 320, writeFrames(opus20));
writeBin("pcm16", 160, writeFrames(slices(s16(jfk), 320)));
writeBin("pcm8", 80, writeFrames(slices(u8(halved(jfk)), 80)), 8_000);

const random = generator(7);
const corrupt = opus20.map((frame, i) => (i % 11 === 5 ? frame.map(() => Math.floor(random() * 256)) : frame));
write("bin/corrupt_opus_16000_1_fs320_1756000000.bin", writeFrames(corrupt));
write("bin/truncated_opus_16000_1_fs320_1756000000.bin", writeFrames(opus20).subarray(0, 20_001));
write(
  "bin/garbage_opus_16000_1_fs160_1756000000.bin",
  Uint8Array.from({ length: 4_096 }, () => Math.floor(random() * 256)),
);
write("bin/empty_opus_16000_1_fs160_1756000000.bin", new Uint8Array(0));

// "And so, my fellow Americans."
const opening = jfk.subarray(0, 2.8 * RATE);
write("wav/jfk-8000.wav", encodeWav16(halved(jfk), 8_000));
write("wav/opening-44100-stereo.wav", stereoWav(interpolated(opening, 44_100), 44_100));
write("wav/opening-48000-stereo.wav", stereoWav(interpolated(opening, 48_000), 48_000));
write("wav/silence.wav", encodeWav16(new Float32Array(3 * RATE), RATE));
write(
  "wav/noise.wav",
  encodeWav16(
    Float32Array.from({ length: 5 * RATE }, () => (random() - 0.5) * 0.1),
    RATE,
  ),
);

function write(name: string, bytes: Uint8Array): void {
  writeFileSync(join(FOLDER, name), bytes);
}

function writeBin(
  codec: "opus" | "opus_fs320" | "pcm16" | "pcm8",
  frameSamples: number,
  bytes: Uint8Array,
  rate = RATE,
): void {
  const name = recordingName({ device: "fixture", codec, sampleRate: rate, frameSamples, startedAtMs: STARTED_AT_MS });
  write(`bin/${name}`, bytes);
}

async function opusFrames(samples: Float32Array, frameMs: 10 | 20): Promise<Uint8Array[]> {
  const encoder = await createOpusEncoder({ frameMs, bitrate: 24_000 });
  const size = encoder.frameSamples;
  const count = Math.ceil(samples.length / size);
  const frames = Array.from({ length: count }, (_, i) => encoder.encode(samples.subarray(i * size, (i + 1) * size)));
  encoder.close();
  return frames;
}

function slices(bytes: Uint8Array, size: number): Uint8Array[] {
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size));
}

function s16(samples: Float32Array): Uint8Array {
  return encodeWav16(samples, RATE).subarray(44);
}

function u8(samples: Float32Array): Uint8Array {
  return Uint8Array.from(samples, (sample) => Math.max(0, Math.min(255, Math.round(sample * 127) + 128)));
}

/** Half the rate; the mean of two neighbours is filter enough for speech. */
function halved(samples: Float32Array): Float32Array {
  return Float32Array.from(
    { length: samples.length >> 1 },
    (_, i) => ((samples[2 * i] ?? 0) + (samples[2 * i + 1] ?? 0)) / 2,
  );
}

function interpolated(samples: Float32Array, rate: number): Float32Array {
  return Float32Array.from({ length: Math.floor((samples.length * rate) / RATE) }, (_, i) => {
    const at = (i * RATE) / rate;
    const left = samples[Math.floor(at)] ?? 0;
    return left + ((samples[Math.floor(at) + 1] ?? left) - left) * (at % 1);
  });
}

/** The voice on both channels, a little softer on the right. */
function stereoWav(samples: Float32Array, rate: number): Uint8Array {
  const wav = encodeWav16(
    Float32Array.from({ length: samples.length * 2 }, (_, i) => (samples[i >> 1] ?? 0) * (i % 2 === 0 ? 1 : 0.8)),
    rate,
  );
  const view = new DataView(wav.buffer);
  view.setUint16(22, 2, true);
  view.setUint32(28, rate * 4, true);
  view.setUint16(32, 4, true);
  return wav;
}

/** A small linear congruential generator, so that noise is the same everywhere. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
