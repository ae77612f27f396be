/** The sample speech of the project as messages of each live codec. */
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { createOpusEncoder, decodeSoundFile } from "@holdfast/codecs";
import { adtsFrames, LC3_FRAME_BYTES } from "@holdfast/contract";

export const JFK_PATH: string = fileURLToPath(new URL("../../../fixtures/jfk.wav", import.meta.url));

const LIVE_FIXTURES = new URL("../../../fixtures/live/", import.meta.url);

export type FixtureCodec = "opus" | "opus_fs320" | "pcm16" | "pcm8" | "pcm8-16bit" | "aac" | "lc3_fs1030";

/** The speech followed by silence, 16 kHz mono. */
export async function jfkSamples(silenceSeconds = 1): Promise<Float32Array> {
  const { samples16k: samples } = await decodeSoundFile(new Uint8Array(await readFile(JFK_PATH)));
  const padded = new Float32Array(samples.length + silenceSeconds * 16_000);
  padded.set(samples);
  return padded;
}

/**
 * 20 ms messages (10 ms for `opus` and LC3, 64 ms for AAC), as a device sends them, with the rate to name in the URL. AAC and
 * LC3 come from files, which end in one second of silence whatever is asked for.
 */
export async function jfkMessages(
  codec: FixtureCodec,
  silenceSeconds = 1,
): Promise<{ readonly messages: Uint8Array[]; readonly sampleRate: number; readonly frameMs: number }> {
  if (codec === "aac") return { messages: adtsMessages(await liveFixture("jfk.aac")), sampleRate: 16_000, frameMs: 64 };
  if (codec === "lc3_fs1030") {
    return { messages: slices(await liveFixture("jfk.lc3"), LC3_FRAME_BYTES), sampleRate: 16_000, frameMs: 10 };
  }
  const samples = await jfkSamples(silenceSeconds);
  if (codec === "opus" || codec === "opus_fs320") {
    const frameMs = codec === "opus" ? 10 : 20;
    const encoder = await createOpusEncoder({ frameMs, bitrate: 24_000 });
    try {
      const count = Math.ceil(samples.length / encoder.frameSamples);
      const frame = (i: number) => samples.subarray(i * encoder.frameSamples, (i + 1) * encoder.frameSamples);
      const messages = Array.from({ length: count }, (_, i) => encoder.encode(frame(i)));
      return { messages, sampleRate: 16_000, frameMs };
    } finally {
      encoder.close();
    }
  }
  if (codec === "pcm16") return { messages: slices(linear16(samples), 640), sampleRate: 16_000, frameMs: 20 };
  const half = Float32Array.from({ length: samples.length >> 1 }, (_, i) => {
    return ((samples[2 * i] ?? 0) + (samples[2 * i + 1] ?? 0)) / 2;
  });
  if (codec === "pcm8-16bit") return { messages: slices(linear16(half), 320), sampleRate: 8_000, frameMs: 20 };
  const eight = Uint8Array.from(half, (x) => 128 + Math.round(Math.max(-1, Math.min(1, x)) * 127));
  return { messages: slices(eight, 160), sampleRate: 8_000, frameMs: 20 };
}

async function liveFixture(name: string): Promise<Uint8Array> {
  return new Uint8Array(await readFile(new URL(name, LIVE_FIXTURES)));
}

/** Each ADTS frame with its header; the fixture's headers have no checksum and are 7 bytes long. */
function adtsMessages(bytes: Uint8Array): Uint8Array[] {
  const messages: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += messages.at(-1)?.length ?? bytes.length) {
    const [frame] = adtsFrames(bytes.subarray(at));
    messages.push(bytes.slice(at, at + 7 + (frame?.payload.length ?? 0)));
  }
  return messages;
}

function linear16(samples: Float32Array): Uint8Array {
  const out = Int16Array.from(samples, (x) => Math.round(Math.max(-1, Math.min(1, x)) * 32_767));
  return new Uint8Array(out.buffer);
}

function slices(bytes: Uint8Array, size: number): Uint8Array[] {
  const count = Math.ceil(bytes.length / size);
  return Array.from({ length: count }, (_, i) => bytes.slice(i * size, (i + 1) * size));
}
