/**
 * Cuts a stream of samples into pieces that one recognition request can hold. A piece that would grow too long is cut where
 * the sound is quietest near its end, so that no word is torn; every sample is in exactly one piece, in order. The cuts
 * depend on the samples only, so a repeated run makes the same pieces. Memory is bounded by one piece.
 */

export interface PieceLimits {
  /** No piece is longer, in samples. */
  readonly maxSamples: number;
  /** The cut is looked for in this many samples at the end of a full piece. */
  readonly searchSamples: number;
}

/**
 * Two minutes at 16 kHz, cut in the last half minute. The reference allows five (offline-sync 5.2, stage 4); shorter pieces take
 * less than half the memory, and a restart of the engine repeats less.
 */
export const PIECE_LIMITS: PieceLimits = { maxSamples: 120 * 16_000, searchSamples: 30 * 16_000 };

/** Energy is summed over hops of 10 ms; a pause is 300 ms of them. */
const HOP = 160;
const WINDOW_HOPS = 30;

/**
 * The middle of the quietest 300 ms of `samples[from, to)`, the latest of several; `to` where the stretch is too short to
 * choose from.
 */
export function quietPoint(samples: Float32Array, from: number, to: number): number {
  const hops = Math.floor((to - from) / HOP);
  if (hops < WINDOW_HOPS) return to;
  const energies = new Float64Array(hops);
  for (let hop = 0; hop < hops; hop++) energies[hop] = energyOf(samples, from + hop * HOP);
  let best = 0;
  let bestEnergy = Number.POSITIVE_INFINITY;
  for (let first = 0; first + WINDOW_HOPS <= hops; first++) {
    // Summed afresh: a running sum would never come back to exactly zero after loud samples.
    let sum = 0;
    for (let hop = first; hop < first + WINDOW_HOPS; hop++) sum += energies[hop] ?? 0;
    if (sum > bestEnergy) continue;
    bestEnergy = sum;
    best = first;
  }
  return from + best * HOP + (WINDOW_HOPS * HOP) / 2;
}

function energyOf(samples: Float32Array, from: number): number {
  let sum = 0;
  for (let i = from; i < from + HOP; i++) {
    const sample = samples[i] ?? 0;
    sum += sample * sample;
  }
  return sum;
}

export interface PieceCutter {
  /** Takes samples and gives the pieces that are complete. */
  push(samples: Float32Array): Float32Array[];
  /** The last piece, if anything is left. */
  end(): Float32Array | undefined;
}

export function createPieceCutter(limits: PieceLimits = PIECE_LIMITS): PieceCutter {
  const { maxSamples, searchSamples } = limits;
  let held = new Float32Array(0);
  let length = 0;

  const reserve = (needed: number): void => {
    if (needed <= held.length) return;
    const larger = new Float32Array(Math.min(maxSamples, Math.max(needed, held.length * 2)));
    larger.set(held.subarray(0, length));
    held = larger;
  };
  const cut = (): Float32Array => {
    const at = Math.max(1, quietPoint(held, Math.max(0, length - searchSamples), length));
    const piece = held.slice(0, at);
    held.copyWithin(0, at, length);
    length -= at;
    return piece;
  };

  return {
    push(samples): Float32Array[] {
      const pieces: Float32Array[] = [];
      let at = 0;
      while (at < samples.length) {
        if (length === maxSamples) pieces.push(cut());
        const part = samples.subarray(at, at + maxSamples - length);
        reserve(length + part.length);
        held.set(part, length);
        length += part.length;
        at += part.length;
      }
      return pieces;
    },
    end(): Float32Array | undefined {
      const last = length === 0 ? undefined : held.slice(0, length);
      held = new Float32Array(0);
      length = 0;
      return last;
    },
  };
}
