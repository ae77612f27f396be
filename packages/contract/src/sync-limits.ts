/**
 * What a batch of old recordings may hold on the Omi route (reference offline-sync 3.4, 413). The frames of a `.bin` are
 * counted while the bytes stream past, without keeping any; like the reader, the count stops at the first damage, because the
 * prefix before it is what will be decoded. Pure.
 */
import { HISTORICAL_BATCH, SYNC } from "./constants.ts";
import { HoldfastError } from "./errors.ts";
import type { RecordingName } from "./recording-file.ts";

export interface FrameTotals {
  readonly frames: number;
  readonly payloadBytes: number;
}

/** Counts the frames of one file; feed it the bytes in order, in pieces of any size. */
export class FrameCounter {
  #frames = 0;
  #payloadBytes = 0;
  #head = 0;
  #headBytes = 0;
  #left = 0;
  #length = 0;
  #damaged = false;

  add(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length && !this.#damaged) {
      if (this.#left > 0) {
        const taken = Math.min(this.#left, chunk.length - at);
        at += taken;
        this.#left -= taken;
        if (this.#left === 0) this.#endFrame();
        continue;
      }
      this.#head += (chunk[at] ?? 0) * 2 ** (8 * this.#headBytes);
      this.#headBytes += 1;
      at += 1;
      if (this.#headBytes === 4) this.#beginFrame();
    }
  }

  totals(): FrameTotals {
    return { frames: this.#frames, payloadBytes: this.#payloadBytes };
  }

  #beginFrame(): void {
    this.#length = this.#head;
    this.#left = this.#head;
    this.#damaged = this.#head === 0 || this.#head > SYNC.maxFrameBytes;
    this.#head = 0;
    this.#headBytes = 0;
  }

  #endFrame(): void {
    this.#frames += 1;
    this.#payloadBytes += this.#length;
  }
}

export interface CountedRecording {
  readonly recording: RecordingName;
  readonly bytes: number;
  readonly totals: FrameTotals;
}

/** Throws `batch_too_large` where the batch is beyond what the Omi route takes of old recordings at a time. */
export function refuseTooMuch(files: readonly CountedRecording[]): void {
  const limits = HISTORICAL_BATCH;
  const sum = (of: (file: CountedRecording) => number): number => files.reduce((total, file) => total + of(file), 0);
  if (files.length > limits.files) throw tooMuch(`more than ${limits.files} files`);
  if (sum((file) => file.bytes) > limits.encodedBytes) throw tooMuch("more than 64 MiB");
  for (const file of files) refuseFormat(file);
  if (sum(({ totals }) => totals.frames) > limits.frames) throw tooMuch(`more than ${limits.frames} frames`);
  if (sum(decodedBytes) > limits.decodedBytes) throw tooMuch("more than 64 MiB of decoded sound");
  if (sum(seconds) > limits.seconds) throw tooMuch("more than an hour of sound");
}

function refuseFormat({ recording, bytes }: CountedRecording): void {
  const { minPcmRate, maxPcmRate, opusFrameSamples } = HISTORICAL_BATCH;
  if (bytes === 0) throw tooMuch("an empty file");
  if (recording.codec === "opus") {
    const known: readonly number[] = opusFrameSamples;
    if (!known.includes(recording.frameSamples)) throw tooMuch("an Opus frame size that no decoder has");
  } else if (recording.sampleRate < minPcmRate || recording.sampleRate > maxPcmRate) {
    throw tooMuch("a sample rate beyond 8 to 48 kHz");
  }
}

const OPUS_RATE = 16_000;

function decodedBytes({ recording, totals }: CountedRecording): number {
  return recording.codec === "opus" ? totals.frames * recording.frameSamples * 2 : totals.payloadBytes;
}

function seconds({ recording, totals }: CountedRecording): number {
  if (recording.codec === "opus") return (totals.frames * recording.frameSamples) / OPUS_RATE;
  return totals.payloadBytes / (recording.codec === "pcm16" ? 2 : 1) / recording.sampleRate;
}

function tooMuch(what: string): HoldfastError {
  return new HoldfastError(`${what} of old recordings in one request; send fewer, or use /v2/uploads`, {
    code: "batch_too_large",
    class: "permanent_input",
  });
}
