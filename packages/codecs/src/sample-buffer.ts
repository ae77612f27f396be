/** Samples that are appended piece by piece: one array that doubles, so an hour costs at most twice its size. */
export class SampleBuffer {
  #data: Float32Array;
  #length = 0;

  /** `expected` samples fit without growing. */
  constructor(expected = 16_000) {
    this.#data = new Float32Array(Math.max(1, Math.ceil(expected)));
  }

  get length(): number {
    return this.#length;
  }

  push(samples: Float32Array): void {
    this.#reserve(samples.length);
    this.#data.set(samples, this.#length);
    this.#length += samples.length;
  }

  pushSilence(count: number): void {
    this.#reserve(count);
    this.#length += count;
  }

  /** What was pushed, as a view of the inner array. The buffer must not be used afterwards. */
  finish(): Float32Array {
    return this.#data.subarray(0, this.#length);
  }

  #reserve(count: number): void {
    const needed = this.#length + count;
    if (needed <= this.#data.length) return;
    const larger = new Float32Array(Math.max(needed, this.#data.length * 2));
    larger.set(this.#data.subarray(0, this.#length));
    this.#data = larger;
  }
}
