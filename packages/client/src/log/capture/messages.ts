/**
 * A capture session as the live socket reads it. `end` counts only what is written, so a crash takes away nothing that was
 * ever sent. Memory is bounded: the segment being written and the oldest few are held, and what lies between is read from the
 * files when its turn comes; until then `read` knows nothing of it, and `onReadable` tells when to ask again.
 */
import type { MessageLog } from "../../live/message-log.ts";
import type { LogStore } from "../store.ts";
import type { Segment } from "./segment.ts";

/** Finished segments whose frames are held, each about a minute. */
const MAX_HELD = 4;

export interface MessageSource {
  readonly store: LogStore;
  append(message: Uint8Array): void;
  acknowledge(count: number): void;
  report(error: unknown): void;
}

export class SessionMessages implements MessageLog {
  readonly #source: MessageSource;
  readonly #segments: Segment[] = [];
  readonly #listeners = new Set<() => void>();
  #start = 0;
  #end = 0;
  #bytes = 0;

  constructor(source: MessageSource) {
    this.#source = source;
  }

  get start(): number {
    return this.#start;
  }

  get end(): number {
    return this.#end;
  }

  /** An estimate for what is in the files only. */
  get bytes(): number {
    return Math.round(this.#bytes);
  }

  append(message: Uint8Array): void {
    this.#source.append(message);
  }

  read(sequence: number): Uint8Array | undefined {
    if (sequence < this.#start || sequence >= this.#end) return undefined;
    const segment = this.#segmentOf(sequence);
    const frame = segment?.frame(sequence);
    if (segment !== undefined && frame === undefined) void this.#load(segment);
    return frame;
  }

  release(sequence: number): void {
    this.#source.acknowledge(sequence);
  }

  /** Called when messages were written, or read back from the files. Returns the way out. */
  onReadable(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  begun(segment: Segment): void {
    this.#segments.push(segment);
  }

  written(frames: readonly Uint8Array[]): void {
    this.#end += frames.length;
    for (const frame of frames) this.#bytes += frame.length;
    this.#tell();
  }

  finished(segment: Segment): void {
    if (this.#held().length > MAX_HELD) segment.letGo();
  }

  released(count: number): void {
    for (; this.#start < count; this.#start++) {
      const segment = this.#segmentOf(this.#start);
      this.#bytes -= segment?.frame(this.#start)?.length ?? segment?.meanBytes ?? 0;
      while (this.#segments[0]?.isFinished === true && this.#segments[0].end <= this.#start + 1) this.#segments.shift();
    }
    if (this.#start === this.#end) this.#bytes = 0;
  }

  #segmentOf(sequence: number): Segment | undefined {
    // Most reads are of the first or the last.
    const last = this.#segments.at(-1);
    if (last !== undefined && sequence >= last.facts.firstSequence) return last;
    return this.#segments.find((segment) => sequence < segment.end);
  }

  #held(): Segment[] {
    return this.#segments.filter((segment) => segment.isFinished && segment.isHeld);
  }

  async #load(segment: Segment): Promise<void> {
    try {
      if (!(await segment.load(this.#source.store))) return;
    } catch (error) {
      this.#source.report(error);
      return;
    }
    const others = this.#held().filter((other) => other !== segment);
    for (const other of others.slice(0, Math.max(0, others.length + 1 - MAX_HELD))) other.letGo();
    this.#tell();
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}
