/** Cutting: nothing lost, nothing doubled, nothing too long, and cuts in the pauses. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createPieceCutter, PIECE_LIMITS, type PieceLimits, quietPoint } from "../src/decode/pieces.ts";

const RATE = 16_000;

function cutAll(samples: Float32Array, limits: PieceLimits, blockSizes: readonly number[]): Float32Array[] {
  const cutter = createPieceCutter(limits);
  const pieces: Float32Array[] = [];
  let at = 0;
  for (let i = 0; at < samples.length; i++) {
    const size = blockSizes[i % blockSizes.length] ?? 1;
    pieces.push(...cutter.push(samples.subarray(at, at + size)));
    at += size;
  }
  const last = cutter.end();
  if (last !== undefined) pieces.push(last);
  return pieces;
}

function joined(pieces: readonly Float32Array[]): number[] {
  return pieces.flatMap((piece) => [...piece]);
}

const samplesOf = (max: number) =>
  fc
    .integer({ min: 0, max })
    .chain((length) =>
      fc.integer().map((seed) => Float32Array.from({ length }, (_, i) => Math.fround(Math.sin(seed + i * 0.7)))),
    );
const blocks = fc.array(fc.integer({ min: 1, max: 9_000 }), { minLength: 1, maxLength: 5 });

describe("pieces", () => {
  const limits = { maxSamples: 8_000, searchSamples: 6_000 };

  test("together they are the sound, sample for sample, and none is empty or too long", () => {
    fc.assert(
      fc.property(samplesOf(40_000), blocks, (samples, sizes) => {
        const pieces = cutAll(samples, limits, sizes);
        expect(joined(pieces)).toEqual([...samples]);
        for (const piece of pieces) {
          expect(piece.length).toBeGreaterThan(0);
          expect(piece.length).toBeLessThanOrEqual(limits.maxSamples);
        }
      }),
      { numRuns: 60 },
    );
  });

  test("they do not depend on how the samples arrive", () => {
    fc.assert(
      fc.property(samplesOf(40_000), blocks, blocks, (samples, some, others) => {
        const lengths = (sizes: number[]): number[] => cutAll(samples, limits, sizes).map(({ length }) => length);
        expect(lengths(some)).toEqual(lengths(others));
      }),
      { numRuns: 60 },
    );
  });

  test("limits below the length of a pause still end and lose nothing", () => {
    const samples = Float32Array.from({ length: 50 }, (_, i) => i);
    const pieces = cutAll(samples, { maxSamples: 7, searchSamples: 3 }, [4]);
    expect(joined(pieces)).toEqual([...samples]);
    expect(Math.max(...pieces.map(({ length }) => length))).toBe(7);
  });

  test("a short recording is one piece, an empty one none", () => {
    expect(cutAll(new Float32Array(10), PIECE_LIMITS, [10]).map(({ length }) => length)).toEqual([10]);
    expect(cutAll(new Float32Array(0), PIECE_LIMITS, [10])).toEqual([]);
  });

  test("a piece of exactly the limit is not cut", () => {
    expect(cutAll(new Float32Array(8_000), limits, [8_000]).map(({ length }) => length)).toEqual([8_000]);
  });

  test("two minutes are cut in a pause of the last half minute", () => {
    const samples = Float32Array.from({ length: 160 * RATE }, (_, i) => Math.sin(i / 5));
    samples.fill(0, 80 * RATE, 82 * RATE);
    samples.fill(0, 101 * RATE, 102 * RATE);
    const [first, second] = cutAll(samples, PIECE_LIMITS, [100_000]);
    expect((first?.length ?? 0) / RATE).toBeGreaterThan(101);
    expect((first?.length ?? 0) / RATE).toBeLessThan(102);
    expect((first?.length ?? 0) + (second?.length ?? 0)).toBe(samples.length);
  });
});

describe("quietPoint", () => {
  test("is the middle of the quietest stretch", () => {
    const samples = new Float32Array(RATE).fill(0.5);
    samples.fill(0.1, 4_000, 4_000 + 4_800);
    expect(quietPoint(samples, 0, samples.length)).toBe(4_000 + 2_400);
  });

  test("prefers the latest of equals", () => {
    const samples = new Float32Array(RATE);
    expect(quietPoint(samples, 0, samples.length)).toBe(RATE - 2_400);
  });

  test("finds a pause after loud sound whose energy would swallow small sums", () => {
    const samples = new Float32Array(3 * RATE).fill(1);
    samples.fill(1e-5, RATE, 2 * RATE);
    samples.fill(0, RATE + 4_800, RATE + 9_600);
    expect(quietPoint(samples, 0, samples.length)).toBe(RATE + 7_200);
  });

  test("answers the end where there is nothing to choose from", () => {
    expect(quietPoint(new Float32Array(100), 20, 90)).toBe(90);
  });
});
