/**
 * Changes the sample rate of a stream, block by block, without clicks at the seams: a polyphase windowed-sinc filter (Kaiser,
 * about 80 dB of stop band), so that nothing above the new Nyquist frequency folds back into speech. It runs inside the audio
 * worklet, where the browser gives 128 samples at a time at whatever rate the microphone has.
 */

const ZERO_CROSSINGS = 24;
const KAISER_BETA = 8;
/** The pass band ends here, as a share of the lower Nyquist frequency; the rest is the filter's slope. */
const PASS_SHARE = 0.92;

export class Resampler {
  readonly #up: number;
  readonly #down: number;
  readonly #half: number;
  readonly #kernels: readonly Float32Array[];
  /** Input not yet used up. `#pending[0]` is `#half - 1` samples before the input position of the next output. */
  #pending: Float32Array;
  /** Position of the next output between two input samples, in units of 1 / up. */
  #phase = 0;

  constructor(inputRate: number, outputRate: number) {
    const divisor = greatestCommonDivisor(inputRate, outputRate);
    this.#up = outputRate / divisor;
    this.#down = inputRate / divisor;
    this.#half = Math.ceil(ZERO_CROSSINGS * Math.max(1, inputRate / outputRate));
    const cutoff = 0.5 * Math.min(1, outputRate / inputRate) * PASS_SHARE;
    this.#kernels = Array.from({ length: this.#up }, (_, phase) => kernel(phase / this.#up, this.#half, cutoff));
    this.#pending = new Float32Array(this.#half - 1);
  }

  /** Takes the next block and returns the samples that are complete; they lag by half the filter's length. */
  process(block: Float32Array): Float32Array {
    const input = new Float32Array(this.#pending.length + block.length);
    input.set(this.#pending);
    input.set(block, this.#pending.length);
    const output: number[] = [];
    const taps = this.#half * 2;
    let at = 0;
    while (at + taps <= input.length) {
      output.push(dot(input, at, this.#kernels[this.#phase]));
      this.#phase += this.#down;
      at += Math.floor(this.#phase / this.#up);
      this.#phase %= this.#up;
    }
    this.#pending = input.slice(at);
    return Float32Array.from(output);
  }

  /** Feeds silence until the last real sample has come out. */
  flush(): Float32Array {
    return this.process(new Float32Array(this.#half));
  }
}

function dot(input: Float32Array, at: number, weights: Float32Array | undefined): number {
  let sum = 0;
  if (weights === undefined) return sum;
  for (let i = 0; i < weights.length; i += 1) sum += (input[at + i] ?? 0) * (weights[i] ?? 0);
  return sum;
}

/** Weights for an output that lies `fraction` of a sample after input sample number `half - 1` of the window. */
function kernel(fraction: number, half: number, cutoff: number): Float32Array {
  const weights = new Float32Array(half * 2);
  let gain = 0;
  for (let i = 0; i < weights.length; i += 1) {
    const t = i - (half - 1) - fraction;
    const weight = sinc(2 * cutoff * t) * kaiser(t / half);
    weights[i] = weight;
    gain += weight;
  }
  return weights.map((weight) => weight / gain);
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

function kaiser(x: number): number {
  return Math.abs(x) >= 1 ? 0 : bessel(KAISER_BETA * Math.sqrt(1 - x * x)) / bessel(KAISER_BETA);
}

/** Modified Bessel function of the first kind, order zero, by its power series. */
function bessel(x: number): number {
  let sum = 1;
  let term = 1;
  for (let k = 1; term > sum * 1e-12; k += 1) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
