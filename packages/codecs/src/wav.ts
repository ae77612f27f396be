/**
 * The plainest WAV file there is: mono, 16-bit, one `data` chunk. What Holdfast's processes send one another, so it is also
 * read here without loading anything; all other files are for `decodeSoundFile`.
 */
import { fromS16 } from "./pcm.ts";

/** The samples of a file that `encodeWav16` wrote at this rate; undefined for every other file. */
export function readPlainWav(bytes: Uint8Array, sampleRate: number): Float32Array | undefined {
  if (bytes.length < 44) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isPlain =
    view.getUint32(0) === 0x52494646 && // RIFF
    view.getUint32(8) === 0x57415645 && // WAVE
    view.getUint32(12) === 0x666d7420 && // fmt, 16 bytes: PCM, one channel
    view.getUint32(16, true) === 16 &&
    view.getUint16(20, true) === 1 &&
    view.getUint16(22, true) === 1 &&
    view.getUint32(24, true) === sampleRate &&
    view.getUint16(34, true) === 16 &&
    view.getUint32(36) === 0x64617461; // data
  if (!isPlain || view.getUint32(40, true) !== bytes.length - 44) return undefined;
  return fromS16(bytes.subarray(44));
}

export function encodeWav16(samples: Float32Array, sampleRate: number): Uint8Array {
  const bytes = new Uint8Array(44 + samples.length * 2);
  const view = new DataView(bytes.buffer);
  const text = (at: number, value: string): void => bytes.set(new TextEncoder().encode(value), at);
  text(0, "RIFF");
  view.setUint32(4, bytes.length - 8, true);
  text(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, sampleRate, true);
  view.setUint32(28, sampleRate * 2, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  text(36, "data");
  view.setUint32(40, samples.length * 2, true);
  for (let i = 0; i < samples.length; i++) view.setInt16(44 + i * 2, toS16(samples[i] ?? 0), true);
  return bytes;
}

/** One sample as signed 16 bits, clipped. */
export function toS16(sample: number): number {
  return Math.max(-32_768, Math.min(32_767, Math.round(sample * 32_768)));
}
