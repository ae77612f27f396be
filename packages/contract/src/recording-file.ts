/**
 * The `.bin` recording file of Omi clients: its name, which carries codec, rate and start time, and its container, which is
 * nothing but length-prefixed frames (4 bytes unsigned little-endian, then the payload). Reading is lenient about a damaged
 * tail and says exactly what it dropped, so that nothing is hidden (reference offline-sync section 2, defects 13 and 14).
 */
import { detectPcm8Layout, MAX_SAMPLE_RATE, MIN_SAMPLE_RATE, type Pcm8Layout } from "./audio.ts";
import { SYNC } from "./constants.ts";
import { HoldfastError } from "./errors.ts";

export interface RecordingName {
  /** Sanitised base name, safe as a label; never used as a path. */
  readonly name: string;
  readonly codec: "opus" | "pcm16" | "pcm8";
  readonly sampleRate: number;
  /** Nominal samples of an Opus frame. */
  readonly frameSamples: number;
  /** Wall time of the first sample, Unix milliseconds. */
  readonly startedAtMs: number;
  readonly source: "omi" | "limitless" | "phone";
}

function invalidName(code: string, message: string): HoldfastError {
  return new HoldfastError(message, { code, class: "permanent_input" });
}

/**
 * Reads a recording's file name. Throws `permanent_input` HoldfastError with code `sync_invalid_name` (not a `.bin` name, no
 * underscore, separators, `..`, control characters, too long) or `sync_invalid_timestamp` (unreadable or outside
 * 2024-01-01 ... now; the message holds the words `invalid timestamp`). The clock of a device may be five minutes ahead.
 */
export function parseRecordingName(fileName: string, nowMs: number): RecordingName {
  if (fileName === "") throw invalidName("sync_invalid_name", "a part has no file name");
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
  if (/[/\\\u0000-\u001f\u007f]/.test(fileName) || fileName.includes("..")) {
    throw invalidName("sync_invalid_name", "a file name may not hold path separators, '..' or control characters");
  }
  if (new TextEncoder().encode(fileName).length > SYNC.maxNameBytes) {
    throw invalidName("sync_invalid_name", `a file name may not be longer than ${SYNC.maxNameBytes} bytes`);
  }
  if (!fileName.endsWith(".bin") || !fileName.includes("_")) {
    throw invalidName(
      "sync_invalid_name",
      "a recording must be named like audio_device_opus_16000_1_fs160_1756000000.bin",
    );
  }
  const startedAtMs = parseTimestamp(fileName.slice(fileName.lastIndexOf("_") + 1, fileName.lastIndexOf(".")), nowMs);
  const pcm = /_(pcm16|pcm8)_(\d+)?/.exec(fileName);
  const frame = /_fs(\d{1,6})/.exec(fileName);
  const codec = pcm?.[1] === "pcm16" ? "pcm16" : pcm?.[1] === "pcm8" ? "pcm8" : "opus";
  const fallbackRate = codec === "pcm8" ? 8_000 : 16_000;
  const lower = fileName.toLowerCase();
  const source = lower.includes("limitless") ? "limitless" : /omibatchphone|phonemic/.test(lower) ? "phone" : "omi";
  return {
    name: fileName,
    codec,
    sampleRate: plausibleRate(pcm?.[2], fallbackRate),
    frameSamples: frame?.[1] === undefined ? SYNC.defaultOpusFrameSamples : Number(frame[1]),
    startedAtMs,
    source,
  };
}

/** A name without a rate may have its time stamp in that place. */
function plausibleRate(digits: string | undefined, fallback: number): number {
  const rate = Number(digits ?? 0);
  return rate >= MIN_SAMPLE_RATE && rate <= MAX_SAMPLE_RATE ? rate : fallback;
}

function parseTimestamp(text: string, nowMs: number): number {
  const value = /^\d{1,20}(\.\d{1,9})?$/.test(text) ? Number(text) : Number.NaN;
  const ms = value > SYNC.secondsThreshold ? value : value * 1000;
  if (!Number.isFinite(ms) || ms < SYNC.earliestCaptureMs || ms > nowMs + SYNC.futureSkewMs) {
    throw invalidName(
      "sync_invalid_timestamp",
      "invalid timestamp in a file name: Unix seconds from 2024 until now are expected",
    );
  }
  return ms;
}

/** Why a reader stopped before the end of the file. */
export type FrameDamage = "truncated_length" | "bad_length" | "truncated_payload";

export interface FrameWalk {
  readonly frames: readonly Uint8Array[];
  readonly damage: FrameDamage | undefined;
  /** Bytes after the last whole frame. */
  readonly droppedBytes: number;
}

/** Splits a `.bin` file into its frames. Never throws; what cannot be read is reported in `damage` and `droppedBytes`. */
export function readFrames(file: Uint8Array): FrameWalk {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const frames: Uint8Array[] = [];
  let at = 0;
  let damage: FrameDamage | undefined;
  while (at < file.length) {
    if (at + 4 > file.length) {
      damage = "truncated_length";
      break;
    }
    const length = view.getUint32(at, true);
    if (length === 0 || length > SYNC.maxFrameBytes) {
      damage = "bad_length";
      break;
    }
    if (at + 4 + length > file.length) {
      damage = "truncated_payload";
      break;
    }
    frames.push(file.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return { frames, damage, droppedBytes: file.length - at };
}

/** How the frames of a recording are decoded: what its name says, and for `pcm8` what its bytes say. */
export interface RecordingFormat {
  readonly codec: "opus" | "opus_fs320" | "pcm16" | "pcm8";
  readonly sampleRate: number;
  readonly layout: Pcm8Layout;
}

export function recordingFormat(
  { codec, sampleRate, frameSamples }: Pick<RecordingName, "codec" | "sampleRate" | "frameSamples">,
  frames: readonly Uint8Array[],
): RecordingFormat {
  if (codec === "pcm8") return { codec, sampleRate, layout: detectPcm8Layout(firstBytes(frames)) };
  return { codec: codec === "opus" && frameSamples === 320 ? "opus_fs320" : codec, sampleRate, layout: "linear16" };
}

/** What `detectPcm8Layout` is shown. */
const LAYOUT_BYTES = 16_000;

function firstBytes(frames: readonly Uint8Array[]): Uint8Array {
  const head: Uint8Array[] = [];
  let bytes = 0;
  for (const frame of frames) {
    if (bytes >= LAYOUT_BYTES) break;
    head.push(frame);
    bytes += frame.length;
  }
  const joined = new Uint8Array(bytes);
  let at = 0;
  for (const frame of head) {
    joined.set(frame, at);
    at += frame.length;
  }
  return joined;
}

/** Joins frames into the container that `readFrames` reads. */
export function writeFrames(frames: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(frames.reduce((sum, frame) => sum + 4 + frame.length, 0));
  const view = new DataView(out.buffer);
  let at = 0;
  for (const frame of frames) {
    view.setUint32(at, frame.length, true);
    out.set(frame, at + 4);
    at += 4 + frame.length;
  }
  return out;
}

/** The name a client gives a recording of ours: `audio_{device}_{codec}_{rate}_1_fs{samples}_{unix seconds}.bin`. */
export function recordingName(parts: {
  readonly device: string;
  readonly codec: "opus" | "opus_fs320" | "pcm16" | "pcm8";
  readonly sampleRate: number;
  readonly frameSamples: number;
  readonly startedAtMs: number;
}): string {
  const device = parts.device.replace(/[^A-Za-z0-9]/g, "").toLowerCase() || "unknown";
  const seconds = (parts.startedAtMs / 1000).toFixed(3).replace(/\.?0+$/, "");
  return `audio_${device}_${parts.codec}_${parts.sampleRate}_1_fs${parts.frameSamples}_${seconds}.bin`;
}
