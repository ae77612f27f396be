/**
 * Any sample rate to 16 kHz, in one go or piece by piece, by libsamplerate (band-limited sinc interpolation). The library
 * keeps its own memory per resampler: `close` gives it back.
 */
import { SampleBuffer } from "./sample-buffer.ts";

/** The rate that voice activity detection and recognition work at. */
export const TARGET_RATE = 16_000;

/** Input is handed over in pieces of this many samples, which keeps the library's buffers small. */
const PIECE = 65_536;
/** Zeros that push the last real samples out of the filter, in seconds. */
const FLUSH_SECONDS = 0.05;

export interface Resampler {
  /** Takes input and gives what is ready; the filter holds back a few milliseconds. The result may be kept. */
  push(samples: Float32Array): Float32Array;
  /** The samples held back. The resampler is of no use afterwards. */
  flush(): Float32Array;
  close(): void;
}

/** A mono resampler from `fromRate` to 16 kHz; at 16 kHz it passes everything through. */
export async function createResampler(fromRate: number): Promise<Resampler> {
  if (fromRate === TARGET_RATE) {
    return { push: (samples) => samples, flush: () => new Float32Array(0), close: () => {} };
  }
  const { default: library } = await import("@alexanderolsen/libsamplerate-js");
  const source = await library.create(1, fromRate, TARGET_RATE, {
    converterType: library.ConverterType.SRC_SINC_FASTEST,
  });
  let received = 0;
  let given = 0;
  let closed = false;
  const run = (samples: Float32Array): Float32Array => {
    if (samples.length === 0) return new Float32Array(0);
    const out = source.full(samples).slice();
    given += out.length;
    return out;
  };
  return {
    push(samples): Float32Array {
      received += samples.length;
      if (samples.length <= PIECE) return run(samples);
      const all = new SampleBuffer((samples.length * TARGET_RATE) / fromRate + 64);
      for (let at = 0; at < samples.length; at += PIECE) all.push(run(samples.subarray(at, at + PIECE)));
      return all.finish();
    },
    flush(): Float32Array {
      const missing = Math.max(0, Math.round((received * TARGET_RATE) / fromRate) - given);
      const tail = run(new Float32Array(Math.ceil(fromRate * FLUSH_SECONDS)));
      const out = new Float32Array(missing);
      out.set(tail.subarray(0, missing));
      return out;
    },
    close(): void {
      if (closed) return;
      closed = true;
      source.destroy();
    },
  };
}

/** A mono resampler to 16 kHz whose input rate may change from one push to the next, at the price of a small click. */
export async function createRateFollower(): Promise<{
  push(samples: Float32Array, fromRate: number): Float32Array;
  close(): void;
}> {
  const { default: library } = await import("@alexanderolsen/libsamplerate-js");
  const source = await library.create(1, TARGET_RATE, TARGET_RATE, {
    converterType: library.ConverterType.SRC_SINC_FASTEST,
  });
  let closed = false;
  return {
    push(samples, fromRate): Float32Array {
      if (fromRate === TARGET_RATE) return samples;
      if (source.inputSampleRate !== fromRate) source.inputSampleRate = fromRate;
      return source.full(samples).slice();
    },
    close(): void {
      if (closed) return;
      closed = true;
      source.destroy();
    },
  };
}

/** All of a recording at once. The result has exactly round(length * 16000 / rate) samples. */
export async function resampleAll(samples: Float32Array, fromRate: number): Promise<Float32Array> {
  if (fromRate === TARGET_RATE) return samples;
  const resampler = await createResampler(fromRate);
  try {
    const wanted = Math.round((samples.length * TARGET_RATE) / fromRate);
    const out = new SampleBuffer(wanted + 64);
    out.push(resampler.push(samples));
    out.push(resampler.flush());
    return out.finish().subarray(0, wanted);
  } finally {
    resampler.close();
  }
}
