/** How much sound a frame is, and whether a frame belongs to the segment that is being written. Pure. */
import type { RecordedCodec } from "./recording.ts";

export interface SoundFormat {
  readonly codec: RecordedCodec;
  readonly sampleRate: number;
  readonly channels: number;
  /** Nominal samples of a frame. */
  readonly frameSamples: number;
}

/** Samples of one channel. An Opus packet says its length only to a decoder, so its nominal length counts. */
export function samplesOf(format: SoundFormat, frame: Uint8Array): number {
  if (format.codec === "pcm16") return Math.floor(frame.length / 2 / format.channels);
  if (format.codec === "pcm8") return Math.floor(frame.length / format.channels);
  return format.frameSamples;
}

export function msOf(format: Pick<SoundFormat, "sampleRate">, samples: number): number {
  return (samples * 1000) / format.sampleRate;
}

const SEGMENT_LIMITS = {
  /** A recording is about so much sound: what a crash of the server or a bad file can cost in work. */
  lengthMs: 60_000,
  /** Wall time and counted sound may differ by this much; more is a pause or a machine that slept. */
  clockDriftMs: 2_000,
} as const;

/** Where the segment that is written stands. */
export interface SegmentProgress {
  readonly startedAtMs: number;
  readonly soundMs: number;
}

/** Why a frame whose first sample was heard at `atMs` begins a new segment; null where it does not. */
export function cutBefore({ startedAtMs, soundMs }: SegmentProgress, atMs: number): "length" | "clock" | null {
  if (Math.abs(atMs - (startedAtMs + soundMs)) > SEGMENT_LIMITS.clockDriftMs) return "clock";
  return soundMs >= SEGMENT_LIMITS.lengthMs ? "length" : null;
}

export function isSameFormat(a: SoundFormat, b: SoundFormat): boolean {
  return (
    a.codec === b.codec &&
    a.sampleRate === b.sampleRate &&
    a.channels === b.channels &&
    a.frameSamples === b.frameSamples
  );
}
