/** The samples of a stream that may still be needed, addressed by their position in the stream. */
export class AudioWindow {
  #data = new Float32Array(16_000);
  #from = 0;
  #length = 0;

  /** Position after the last sample. */
  get end(): number {
    return this.#from + this.#length;
  }

  append(samples: Float32Array): void {
    const needed = this.#length + samples.length;
    if (needed > this.#data.length) {
      const larger = new Float32Array(Math.max(needed, this.#data.length * 2));
      larger.set(this.#data.subarray(0, this.#length));
      this.#data = larger;
    }
    this.#data.set(samples, this.#length);
    this.#length = needed;
  }

  /** A copy of [from, to); what is no longer or not yet there is left out. */
  slice(from: number, to: number): Float32Array {
    const begin = Math.max(0, from - this.#from);
    return this.#data.slice(begin, Math.max(begin, Math.min(this.#length, to - this.#from)));
  }

  /** Forgets everything before a position. */
  dropBefore(position: number): void {
    const count = Math.min(this.#length, position - this.#from);
    if (count <= 0) return;
    this.#data.copyWithin(0, count, this.#length);
    this.#from += count;
    this.#length -= count;
    // After a long utterance the memory is given back.
    if (this.#data.length > 160_000 && this.#length < 32_000) this.#data = this.#data.slice(0, 64_000);
  }
}
