/**
 * What a session keeps for its pusher while it cannot be sent: new words, sound, speaker samples. Everything is bounded and
 * drops its oldest (law L6: words and sound are in the store, these copies only serve who listens at once), belongs to the
 * conversation it was accepted for, and is taken, sent, and put back in front where the sending failed.
 */
import { PUSHER, type Segment } from "@holdfast/contract";

export interface DropOldestOptions<T> {
  /** Largest sum of sizes, asked for at each change. */
  readonly limit: () => number;
  readonly sizeOf: (item: T) => number;
  /** What to keep of an item that is larger than the whole buffer; without it, nothing. */
  readonly tailOf?: (item: T, limit: number) => T | undefined;
}

/** A queue that never grows beyond its limit. What it had to drop is counted, in sizes. */
export class DropOldest<T> {
  readonly #options: DropOldestOptions<T>;
  #items: T[] = [];
  /** Items before this one were dropped; they leave the array together, so that dropping costs nothing for each push. */
  #head = 0;
  #size = 0;
  #dropped = 0;

  constructor(options: DropOldestOptions<T>) {
    this.#options = options;
  }

  get isEmpty(): boolean {
    return this.#head === this.#items.length;
  }

  get size(): number {
    return this.#size;
  }

  /** Sum of the sizes dropped since it was made. */
  get dropped(): number {
    return this.#dropped;
  }

  push(item: T): void {
    this.#items.push(item);
    this.#size += this.#options.sizeOf(item);
    this.#shrink();
  }

  /** The oldest item; undefined where there is none. */
  shift(): T | undefined {
    const item = this.#items[this.#head];
    if (item === undefined) return undefined;
    this.#head += 1;
    this.#size -= this.#options.sizeOf(item);
    this.#compact();
    return item;
  }

  /** Everything, oldest first; the queue is empty afterwards. */
  take(): T[] {
    const items = this.#items.slice(this.#head);
    this.#items = [];
    this.#head = 0;
    this.#size = 0;
    return items;
  }

  /** Puts what was taken and not sent back in front of what came meanwhile. */
  restore(items: readonly T[]): void {
    const later = this.take();
    this.#items = [...items, ...later];
    this.#size = this.#items.reduce((sum, item) => sum + this.#options.sizeOf(item), 0);
    this.#shrink();
  }

  #shrink(): void {
    const { sizeOf } = this.#options;
    const limit = this.#options.limit();
    while (this.#size > limit) {
      const item = this.#items[this.#head];
      if (item === undefined) return;
      const size = sizeOf(item);
      const isLast = this.#head === this.#items.length - 1;
      const tail = isLast ? this.#options.tailOf?.(item, limit) : undefined;
      const kept = tail === undefined ? 0 : sizeOf(tail);
      if (tail === undefined) this.#head += 1;
      else this.#items[this.#head] = tail;
      this.#size -= size - kept;
      this.#dropped += size - kept;
    }
    this.#compact();
  }

  #compact(): void {
    if (this.#head > 64 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
  }
}

export interface BufferedWords {
  readonly conversationId: string;
  readonly segment: Segment;
}

export function wordsBuffer(): DropOldest<BufferedWords> {
  return new DropOldest({ limit: () => PUSHER.maxBufferedSegments, sizeOf: () => 1 });
}

export function samplesBuffer<T>(): DropOldest<T> {
  return new DropOldest({ limit: () => PUSHER.maxBufferedSamples, sizeOf: () => 1 });
}

/** One message of a client as it is kept for the pusher. */
export interface BufferedSound {
  readonly conversationId: string;
  /** Wall time of the first sample, Unix milliseconds. */
  readonly startMs: number;
  readonly durationMs: number;
  /** Of a call; messages of its channels come one after the other and lie beside each other in time. */
  readonly channel?: number;
  readonly bytes: Uint8Array;
}

/** Memory that an encoded message takes beside its few bytes; without it the bound would be a multiple of what it says. */
const MESSAGE_BYTES = 256;

/** What one of so many sessions may keep of sound. */
export function soundShare(sessions: number): number {
  return Math.min(PUSHER.maxBufferedAudioBytes, Math.floor(PUSHER.maxProcessAudioBytes / Math.max(1, sessions)));
}

/** `bare`: the bytes are 16-bit samples, so a part of a message is sound too. A part of an encoded message is not. */
export function soundBuffer(bare: boolean, limit: () => number = () => soundShare(1)): DropOldest<BufferedSound> {
  const sizeOf = (sound: BufferedSound): number => sound.bytes.length + (bare ? 0 : MESSAGE_BYTES);
  return new DropOldest(bare ? { limit, sizeOf, tailOf } : { limit, sizeOf });
}

function tailOf(sound: BufferedSound, limit: number): BufferedSound {
  const keep = limit - (limit % 2);
  const from = sound.bytes.length - keep;
  const skippedMs = (sound.durationMs * from) / sound.bytes.length;
  return {
    conversationId: sound.conversationId,
    startMs: sound.startMs + skippedMs,
    durationMs: sound.durationMs - skippedMs,
    bytes: sound.bytes.subarray(from),
  };
}

/** Splits words into what one frame carries: neighbours of one conversation, and not too many. */
export function wordRuns(words: readonly BufferedWords[], limit: number = PUSHER.maxFrameSegments): BufferedWords[][] {
  return runs(words, (run, last, word) => word.conversationId === last.conversationId && run.length < limit);
}

/** Channels whose messages begin this near to each other lie beside each other, as far as anybody can hear. */
const BESIDE_MS = 1_000;

/**
 * Splits sound into what one frame carries: one conversation, no gap in any of its channels, and not more bytes than a pusher
 * takes.
 */
export function soundRuns(
  sounds: readonly BufferedSound[],
  limit: number = PUSHER.maxAudioFrameBytes,
): BufferedSound[][] {
  let bytes = 0;
  let endsMs = new Map<number | undefined, number>();
  return runs(sounds, (run, last, sound) => {
    if (run.length === 1) {
      bytes = last.bytes.length;
      endsMs = new Map([[last.channel, last.startMs + last.durationMs]]);
    }
    bytes += sound.bytes.length;
    const endMs = endsMs.get(sound.channel);
    endsMs.set(sound.channel, sound.startMs + sound.durationMs);
    const follows =
      endMs === undefined
        ? Math.abs(sound.startMs - last.startMs) <= BESIDE_MS
        : Math.abs(sound.startMs - endMs) <= PUSHER.audioRunGapMs;
    return sound.conversationId === last.conversationId && follows && bytes <= limit;
  });
}

function runs<T>(items: readonly T[], joins: (run: readonly T[], last: T, item: T) => boolean): T[][] {
  const all: T[][] = [];
  for (const item of items) {
    const run = all.at(-1);
    const last = run?.at(-1);
    if (run !== undefined && last !== undefined && joins(run, last, item)) run.push(item);
    else all.push([item]);
  }
  return all;
}
