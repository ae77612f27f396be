/** The resampler against what a resampler is: right length, right tones kept, wrong tones gone, no seams. */
import { describe, expect, it } from "vitest";
import { Resampler } from "./resampler.ts";

const OUT = 16_000;
const BLOCK = 128;

function tone(rate: number, hertz: number, seconds: number): Float32Array {
  return Float32Array.from({ length: rate * seconds }, (_, i) => Math.sin((2 * Math.PI * hertz * i) / rate));
}

function run(rate: number, input: Float32Array, block = BLOCK): Float32Array {
  const resampler = new Resampler(rate, OUT);
  const parts: Float32Array[] = [];
  for (let at = 0; at < input.length; at += block) parts.push(resampler.process(input.subarray(at, at + block)));
  parts.push(resampler.flush());
  return Float32Array.from(parts.flatMap((part) => [...part]));
}

function rms(samples: Float32Array): number {
  return Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length);
}

/** Without the first and last 20 ms, where the filter sees the edge of the sound. */
function middle(samples: Float32Array): Float32Array {
  return samples.subarray(320, samples.length - 320);
}

describe.each([8_000, 16_000, 22_050, 24_000, 44_100, 48_000, 96_000])("from %i Hz", (rate) => {
  it("keeps the length to the sample", () => {
    const length = run(rate, tone(rate, 440, 1)).length;
    expect(Math.abs(length - OUT)).toBeLessThanOrEqual(1);
  });

  it("keeps a tone of speech in place, loudness and phase", () => {
    const output = middle(run(rate, tone(rate, 1_000, 1)));
    const expected = middle(tone(OUT, 1_000, 1));
    const error = Float32Array.from(expected, (sample, i) => sample - (output[i] ?? 0));
    expect(rms(error)).toBeLessThan(0.002);
  });

  it("gives the same samples whatever the blocks", () => {
    const input = tone(rate, 700, 0.3);
    expect(run(rate, input, 128)).toEqual(run(rate, input, 1_000));
  });
});

it("a resampler at the same rate changes nothing but the last bits", () => {
  const input = tone(OUT, 3_000, 0.2);
  const output = middle(run(OUT, input));
  const error = Float32Array.from(middle(input), (sample, i) => sample - (output[i] ?? 0));
  expect(rms(error)).toBeLessThan(0.002);
});

it("two resamplers share nothing", () => {
  const alone = run(48_000, tone(48_000, 500, 0.1));
  const first = new Resampler(48_000, OUT);
  first.process(new Float32Array(1_000).fill(1));
  expect(run(48_000, tone(48_000, 500, 0.1))).toEqual(alone);
});

it("silence stays silence, to the last sample", () => {
  expect(run(44_100, new Float32Array(44_100)).every((sample) => sample === 0)).toBe(true);
});

it.each([
  [44_100, 9_500],
  [48_000, 9_500],
  [48_000, 15_000],
  [96_000, 30_000],
])("removes what would fold back into speech: %i Hz, tone of %i Hz", (rate, hertz) => {
  expect(rms(middle(run(rate, tone(rate, hertz, 0.5))))).toBeLessThan(0.001);
});
