/**
 * The messages of one recording from the first that the server has not acknowledged to the last that was captured. The live
 * socket reads it and releases what is durable at the server; it never drops anything, so the one who captures decides what
 * to do when it grows. This in-memory log lasts as long as its process; logs on disk implement the same port, and for those
 * `end` counts only what a crash could not take away.
 */
export interface MessageLog {
  /** Number of messages that were released: the sequence of the first one still held. */
  readonly start: number;
  /** Number of messages ever appended: the sequence of the next one. */
  readonly end: number;
  /** Bytes held. */
  readonly bytes: number;
  append(message: Uint8Array): void;
  /** The message with this sequence; undefined outside [start, end). */
  read(sequence: number): Uint8Array | undefined;
  /** Forgets the first `sequence` messages of the recording: the server holds them durably. */
  release(sequence: number): void;
  /**
   * Calls whenever messages became readable without a call of `append`: a log on disk has them once they are written, or read
   * back. Returns the way out. A log that holds everything in memory needs none.
   */
  onReadable?(listener: () => void): () => void;
}

/** Released slots are cut off in batches, so that a release costs nothing on average. */
const COMPACT_AFTER = 1_024;

export class MemoryMessageLog implements MessageLog {
  #messages: Uint8Array[] = [];
  /** Sequence of `#messages[0]`. */
  #base = 0;
  #start = 0;
  #bytes = 0;

  get start(): number {
    return this.#start;
  }

  get end(): number {
    return this.#base + this.#messages.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  append(message: Uint8Array): void {
    this.#messages.push(message);
    this.#bytes += message.length;
  }

  read(sequence: number): Uint8Array | undefined {
    return sequence < this.#start ? undefined : this.#messages[sequence - this.#base];
  }

  release(sequence: number): void {
    const target = Math.min(sequence, this.end);
    while (this.#start < target) {
      this.#bytes -= this.read(this.#start)?.length ?? 0;
      this.#start += 1;
    }
    if (this.#start - this.#base >= COMPACT_AFTER || this.#start === this.end) {
      this.#messages = this.#messages.slice(this.#start - this.#base);
      this.#base = this.#start;
    }
  }
}
