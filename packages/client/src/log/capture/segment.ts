/**
 * One file of a capture session while it is written: frames go behind the ones before, and a write that failed is repaired by
 * the next, at the same place. It also holds its frames for the live path, until they are released or memory is short; what
 * was let go of is read from the file again.
 */

import { msOf, type SegmentProgress, samplesOf } from "../format.ts";
import { decodeHeader, encodeFrames, encodeHeader, type SegmentFacts, scanFrames } from "../segment-format.ts";
import { fileMissing, type LogStore } from "../store.ts";

export class Segment implements SegmentProgress {
  readonly facts: SegmentFacts;
  readonly file: string;
  /** Frames written. */
  frames = 0;
  /** Bytes of the file. */
  bytes = 0;
  /** Frames that belong to it and are not written. */
  waiting = 0;
  /** No more frames will come. */
  isClosed = false;
  isFinished = false;
  /** Samples of all its frames, written or not. */
  #samples = 0;
  #writtenSamples = 0;
  #held: Uint8Array[] | null = [];
  #heldBytes = 0;
  #loading: Promise<boolean> | undefined;

  constructor(facts: SegmentFacts) {
    this.facts = facts;
    this.file = segmentFile(facts.id);
  }

  get startedAtMs(): number {
    return this.facts.startedAtMs;
  }

  get soundMs(): number {
    return msOf(this.facts, this.#samples);
  }

  get writtenMs(): number {
    return msOf(this.facts, this.#writtenSamples);
  }

  get end(): number {
    return this.facts.firstSequence + this.frames;
  }

  get isHeld(): boolean {
    return this.#held !== null;
  }

  /** Mean bytes of a frame; what is not held any more is counted by it. */
  get meanBytes(): number {
    return this.frames === 0 ? 0 : this.#heldBytes / this.frames;
  }

  expect(frame: Uint8Array): void {
    this.waiting += 1;
    this.#samples += samplesOf(this.facts, frame);
  }

  /** Resolves when they would survive the end of the process. */
  async write(store: LogStore, frames: readonly Uint8Array[]): Promise<void> {
    const body = encodeFrames(frames, this.end);
    if (this.bytes === 0) {
      const head = encodeHeader(this.facts);
      const first = new Uint8Array(head.length + body.length);
      first.set(head);
      first.set(body, head.length);
      await store.write(this.file, 0, first);
      this.bytes = first.length;
    } else {
      await store.write(this.file, this.bytes, body);
      this.bytes += body.length;
    }
    for (const frame of frames) {
      this.#writtenSamples += samplesOf(this.facts, frame);
      this.#heldBytes += frame.length;
      this.#held?.push(frame);
    }
    this.frames += frames.length;
    this.waiting -= frames.length;
  }

  /** Undefined where it is not held now; `load` brings it back. */
  frame(sequence: number): Uint8Array | undefined {
    return this.#held?.[sequence - this.facts.firstSequence];
  }

  letGo(): void {
    this.#held = null;
  }

  /** False where somebody else loads it already. Throws where the file cannot be read. */
  async load(store: LogStore): Promise<boolean> {
    if (this.#loading !== undefined || this.#held !== null) return false;
    this.#loading = (async () => {
      const file = await store.read(this.file, 0, this.bytes);
      const header = decodeHeader(file);
      const scan = header === undefined ? undefined : scanFrames(file, header.bytes, this.facts.firstSequence);
      if (scan === undefined || scan.frames.length < this.frames) throw fileMissing(this.file);
      this.#held = [...scan.frames];
      return true;
    })();
    return await this.#loading.finally(() => {
      this.#loading = undefined;
    });
  }
}

export function segmentFile(id: string): string {
  return `${id}.seg`;
}
