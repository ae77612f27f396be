/**
 * Raw samples as they are heard, to Opus messages of 20 ms with the wall time of each. Sound cannot be heard before it was made:
 * a pipe that is ahead of the clock is read at the pace of sound, and one that falls behind has a gap where it did.
 */
import { createOpusEncoder, createResampler, type OpusEncoder, type Resampler } from "@holdfast/codecs";
import { type Clock, sleep } from "@holdfast/core";
import type { TakeMessage } from "../stream/live-course.ts";
import type { PcmSource } from "./sources.ts";

export const MESSAGE_MS = 20;
const RATE = 16_000;
const MESSAGE_SAMPLES = (RATE * MESSAGE_MS) / 1000;
/** A second of sound is taken at a time, so that a fast pipe cannot fill the memory. */
const SLICE_MS = 1_000;

/** Gives messages until the source ends, or `signal` aborts; then the source is stopped. */
export function hear(
  source: PcmSource,
  clock: Clock,
  stop: AbortSignal,
): (take: TakeMessage, signal: AbortSignal) => Promise<void> {
  return async (take, signal) => {
    const ending = AbortSignal.any([stop, signal]);
    const end = (): void => source.stop();
    ending.addEventListener("abort", end, { once: true });
    if (ending.aborted) end();
    const [encoder, resampler] = await Promise.all([
      createOpusEncoder({ frameMs: MESSAGE_MS }),
      createResampler(source.sampleRate),
    ]);
    const ear = new Ear(encoder, resampler, take);
    try {
      await listen(source, clock, ending, ear);
      await ear.finish(clock.now());
    } finally {
      ending.removeEventListener("abort", end);
      source.stop();
      encoder.close();
      resampler.close();
    }
  };
}

async function listen(source: PcmSource, clock: Clock, ending: AbortSignal, ear: Ear): Promise<void> {
  const msOf = (samples: Float32Array): number => (samples.length * 1000) / source.sampleRate;
  const sliceSamples = (source.sampleRate * SLICE_MS) / 1000;
  let startedMs: number | undefined;
  let heardMs = 0;
  for await (const samples of wholeSamples(source.chunks)) {
    for (let at = 0; at < samples.length; at += sliceSamples) {
      const slice = samples.subarray(at, at + sliceSamples);
      startedMs ??= clock.now() - msOf(slice);
      heardMs += msOf(slice);
      const aheadMs = startedMs + heardMs - clock.now();
      if (aheadMs > 0) await sleep(clock, aheadMs, ending);
      await ear.hear(slice, ending.aborted ? startedMs + heardMs : clock.now());
    }
  }
}

class Ear {
  readonly #encoder: OpusEncoder;
  readonly #resampler: Resampler;
  readonly #take: TakeMessage;
  #rest = new Float32Array(0);

  constructor(encoder: OpusEncoder, resampler: Resampler, take: TakeMessage) {
    this.#encoder = encoder;
    this.#resampler = resampler;
    this.#take = take;
  }

  /** `endMs`: when the last of these samples was heard. */
  async hear(samples: Float32Array, endMs: number): Promise<void> {
    const all = joined(this.#rest, this.#resampler.push(samples));
    const whole = all.length - (all.length % MESSAGE_SAMPLES);
    this.#rest = all.slice(whole);
    for (let at = 0; at < whole; at += MESSAGE_SAMPLES) {
      const behindMs = ((all.length - at - MESSAGE_SAMPLES) * 1000) / RATE;
      await this.#take(this.#encoder.encode(all.subarray(at, at + MESSAGE_SAMPLES)), endMs - behindMs);
    }
  }

  /** The last message is filled up with silence, as a device does it. */
  async finish(endMs: number): Promise<void> {
    const rest = joined(this.#rest, this.#resampler.flush());
    for (let at = 0; at < rest.length; at += MESSAGE_SAMPLES) {
      await this.#take(this.#encoder.encode(rest.subarray(at, at + MESSAGE_SAMPLES)), endMs);
    }
  }
}

/** Pipes cut where they like; a sample has two bytes. */
async function* wholeSamples(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Float32Array> {
  let odd: Uint8Array = new Uint8Array(0);
  for await (const chunk of chunks) {
    const bytes = new Uint8Array(odd.length + chunk.length);
    bytes.set(odd);
    bytes.set(chunk, odd.length);
    const count = Math.floor(bytes.length / 2);
    odd = bytes.slice(count * 2);
    const view = new DataView(bytes.buffer);
    if (count > 0) yield Float32Array.from({ length: count }, (_, i) => view.getInt16(i * 2, true) / 32_768);
  }
}

function joined(a: Float32Array, b: Float32Array): Float32Array<ArrayBuffer> {
  const all = new Float32Array(a.length + b.length);
  all.set(a);
  all.set(b, a.length);
  return all;
}
