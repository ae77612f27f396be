/** The uncompressed sample formats found in WAV files (and rarely in others), to mono Float32. */
import { downmix } from "./channels.ts";

interface PcmFormat {
  readonly bytes: number;
  readonly read: (view: DataView, at: number) => number;
}

const FORMATS: Readonly<Record<string, PcmFormat>> = {
  "pcm-u8": { bytes: 1, read: (view, at) => (view.getUint8(at) - 128) / 128 },
  "pcm-s8": { bytes: 1, read: (view, at) => view.getInt8(at) / 128 },
  "pcm-s16": { bytes: 2, read: (view, at) => view.getInt16(at, true) / 32_768 },
  "pcm-s16be": { bytes: 2, read: (view, at) => view.getInt16(at) / 32_768 },
  "pcm-s24": { bytes: 3, read: (view, at) => (view.getInt16(at + 1, true) * 256 + view.getUint8(at)) / 8_388_608 },
  "pcm-s24be": { bytes: 3, read: (view, at) => (view.getInt16(at) * 256 + view.getUint8(at + 2)) / 8_388_608 },
  "pcm-s32": { bytes: 4, read: (view, at) => view.getInt32(at, true) / 2_147_483_648 },
  "pcm-s32be": { bytes: 4, read: (view, at) => view.getInt32(at) / 2_147_483_648 },
  "pcm-f32": { bytes: 4, read: (view, at) => finite(view.getFloat32(at, true)) },
  "pcm-f32be": { bytes: 4, read: (view, at) => finite(view.getFloat32(at)) },
  "pcm-f64": { bytes: 8, read: (view, at) => finite(view.getFloat64(at, true)) },
  "pcm-f64be": { bytes: 8, read: (view, at) => finite(view.getFloat64(at)) },
  ulaw: { bytes: 1, read: (view, at) => fromUlaw(view.getUint8(at)) },
  alaw: { bytes: 1, read: (view, at) => fromAlaw(view.getUint8(at)) },
};

export function isPcmFormat(codec: string): boolean {
  return codec in FORMATS;
}

/** Interleaved samples of a format that `isPcmFormat` knows. A torn last frame is left out. */
export function pcmToMono(codec: string, bytes: Uint8Array, channels: number): Float32Array {
  const format = FORMATS[codec];
  if (format === undefined) throw new Error(`not a PCM format: ${codec}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const samples = new Float32Array(Math.floor(bytes.length / (format.bytes * channels)) * channels);
  for (let i = 0; i < samples.length; i++) samples[i] = format.read(view, i * format.bytes);
  return downmix(samples, channels);
}

/** A float file may hold anything; one infinity would silence the resampler for good. */
function finite(value: number): number {
  return Number.isFinite(value) ? Math.max(-8, Math.min(8, value)) : 0;
}

/** ITU-T G.711. */
function fromUlaw(byte: number): number {
  const value = ~byte & 0xff;
  const magnitude = (((value & 0x0f) << 3) + 0x84) << ((value & 0x70) >> 4);
  return ((value & 0x80) === 0 ? magnitude - 0x84 : 0x84 - magnitude) / 32_768;
}

function fromAlaw(byte: number): number {
  const value = byte ^ 0x55;
  const exponent = (value & 0x70) >> 4;
  const mantissa = ((value & 0x0f) << 4) + 8;
  const magnitude = exponent === 0 ? mantissa : (mantissa + 0x100) << (exponent - 1);
  return ((value & 0x80) === 0 ? -magnitude : magnitude) / 32_768;
}
