/**
 * What the bytes of one audio message mean, without decoding them: which codecs exist, how long a message lasts. The gateway
 * uses it to keep time and the speech process to keep the same time, so both clocks agree to the sample (a packet that does
 * not decode counts as silence of the length computed here). Source: reference listen-and-pusher 2.4, RFC 6716 section 3.1.
 */
import { AAC_BLOCK_SAMPLES, adtsFrames } from "./adts.ts";

/** Codecs that may be named in `codec=`. Of `lc3` nobody knows how long its frames are, so it cannot be decoded. */
export type ListenCodec = "opus" | "opus_fs320" | "pcm16" | "pcm8" | "aac" | "lc3" | "lc3_fs1030";

export const LISTEN_CODECS: readonly ListenCodec[] = [
  "opus",
  "opus_fs320",
  "pcm16",
  "pcm8",
  "aac",
  "lc3",
  "lc3_fs1030",
];

/** Codecs this version can decode. */
export type DecodableCodec = Exclude<ListenCodec, "lc3">;

export function isDecodable(codec: string): codec is DecodableCodec {
  return codec !== "lc3" && LISTEN_CODECS.some((known) => known === codec);
}

/**
 * Name of the raw audio on the streaming recognition wire (`encoding=`). Ours are `linear8` (unsigned 8-bit samples), `aac`
 * and `lc3`.
 */
export type StreamEncoding = "opus" | "linear16" | "linear8" | "aac" | "lc3";

/** How the samples of a `pcm8` stream are laid out: see `detectPcm8Layout`. */
export type Pcm8Layout = "linear8" | "linear16";

export const MIN_SAMPLE_RATE = 8_000;
export const MAX_SAMPLE_RATE = 48_000;

/** Opus packets are decoded at this rate whatever the name of the recording says. */
export const OPUS_RATE = 16_000;

/** Frames of `lc3_fs1030`: 30 bytes for 10 ms at 16 kHz. A message holds one, seldom more. */
export const LC3_FRAME_BYTES = 30;
const LC3_FRAME_MS = 10;
const LC3_MAX_FRAMES = 100;

/** Longest Opus packet, in bytes (RFC 6716 section 3.2.1) and in milliseconds. */
export const OPUS_MAX_BYTES = 1_275;
const OPUS_MAX_MS = 120;

/**
 * Length of an Opus packet in milliseconds, read from its first byte(s).
 * Returns undefined for bytes that cannot be a packet (empty, too long, more than 120 ms).
 */
export function opusPacketMs(packet: Uint8Array): number | undefined {
  const toc = packet[0];
  if (toc === undefined || packet.length > OPUS_MAX_BYTES * 3) return undefined;
  const config = toc >> 3;
  const frameMs = opusFrameMs(config);
  const code = toc & 3;
  let frames = 1;
  if (code === 1 || code === 2) frames = 2;
  if (code === 3) {
    const count = packet[1];
    if (count === undefined) return undefined;
    frames = count & 0x3f;
  }
  const ms = frames * frameMs;
  return frames === 0 || ms > OPUS_MAX_MS ? undefined : ms;
}

/** Frame length for a TOC configuration number, RFC 6716 table 2. */
function opusFrameMs(config: number): number {
  if (config < 12) return [10, 20, 40, 60][config & 3] ?? 20;
  if (config < 16) return (config & 1) === 0 ? 10 : 20;
  return [2.5, 5, 10, 20][config & 3] ?? 20;
}

/** The length an unreadable packet of this codec is taken to have had. */
export function nominalPacketMs(codec: "opus" | "opus_fs320"): number {
  return codec === "opus_fs320" ? 20 : 10;
}

/**
 * Length in milliseconds of one audio message of a live stream.
 * `layout` matters for `pcm8` only. An unreadable packet has its nominal length: 10 or 20 ms of Opus, one frame of AAC or LC3.
 */
export function messageMs(
  codec: DecodableCodec,
  sampleRate: number,
  message: Uint8Array,
  layout: Pcm8Layout = "linear8",
): number {
  switch (codec) {
    case "opus":
    case "opus_fs320":
      return opusPacketMs(message) ?? nominalPacketMs(codec);
    case "pcm16":
      return (Math.floor(message.length / 2) * 1000) / sampleRate;
    case "pcm8":
      return ((layout === "linear8" ? message.length : Math.floor(message.length / 2)) * 1000) / sampleRate;
    case "aac":
      return aacMs(message, sampleRate);
    case "lc3_fs1030":
      return Math.max(1, lc3FrameCount(message)) * LC3_FRAME_MS;
    default:
      return codec satisfies never;
  }
}

/** Whole LC3 frames of a message. */
export function lc3FrameCount(message: Uint8Array): number {
  return Math.min(LC3_MAX_FRAMES, Math.floor(message.length / LC3_FRAME_BYTES));
}

function aacMs(message: Uint8Array, sampleRate: number): number {
  const frames = adtsFrames(message);
  if (frames.length === 0) return (AAC_BLOCK_SAMPLES * 1000) / sampleRate;
  return frames.reduce((sum, frame) => sum + (frame.samples * 1000) / frame.sampleRate, 0);
}

/**
 * `pcm8` means unsigned 8-bit samples to the newest servers, but devices on codec 1 send signed 16-bit samples at 8 kHz under
 * that name (reference listen-and-pusher 8.4 M). The two are told apart by their bytes. Quiet sound: 8-bit samples crowd
 * around 128, while every second byte of 16-bit samples is a sign extension near 0 or 255. Loud sound: neighbours are alike,
 * and those are neighbouring bytes in one layout and every second byte in the other.
 * Needs about 100 ms of audio (1,600 bytes); with less it answers `linear8`.
 */
export function detectPcm8Layout(bytes: Uint8Array): Pcm8Layout {
  let centred = 0;
  let signLike = 0;
  let nextByte = 0;
  let secondByte = 0;
  for (let i = 1; i + 2 < bytes.length; i += 2) {
    const high = bytes[i] ?? 0;
    if (high >= 64 && high < 192) centred += 1;
    if (high < 32 || high >= 224) signLike += 1;
    nextByte += distance(high, bytes[i + 1] ?? 0);
    secondByte += distance(high, bytes[i + 2] ?? 0);
  }
  if (centred + signLike === 0) return "linear8";
  return signLike > centred * 4 || secondByte * 2 < nextByte ? "linear16" : "linear8";
}

/** Between two bytes on the circle of 256, so that -1 and 0 are neighbours. */
function distance(a: number, b: number): number {
  const d = Math.abs(a - b);
  return Math.min(d, 256 - d);
}

/** The streaming-wire encoding of a codec. */
export function streamEncoding(codec: DecodableCodec, layout: Pcm8Layout = "linear8"): StreamEncoding {
  switch (codec) {
    case "pcm16":
      return "linear16";
    case "pcm8":
      return layout;
    case "aac":
      return "aac";
    case "lc3_fs1030":
      return "lc3";
    case "opus":
    case "opus_fs320":
      return "opus";
    default:
      return codec satisfies never;
  }
}
