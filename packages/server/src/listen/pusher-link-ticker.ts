/**
 * One timer for all links of a process. Each is visited once a second; the links are spread over ten slots of 100 ms, so that a
 * thousand of them never flush in the same turn of the event loop. The timer runs only while there is a link.
 */
import { PUSHER } from "@holdfast/contract";
import type { Clock, Timer } from "@holdfast/core";

const SLOTS = 10;

export type Visit = () => void;

export class LinkTicker {
  readonly #clock: Clock;
  readonly #slots: readonly Set<Visit>[] = Array.from({ length: SLOTS }, () => new Set<Visit>());
  #next = 0;
  #at = 0;
  #count = 0;
  #timer: Timer | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Returns how to stop the visits; harmless when called twice. */
  add(visit: Visit): () => void {
    const slot = this.#slots[this.#next];
    this.#next = (this.#next + 1) % SLOTS;
    slot?.add(visit);
    this.#count += 1;
    this.#timer ??= this.#clock.every(PUSHER.flushMs / SLOTS, () => this.#tick());
    return () => {
      if (slot?.delete(visit) !== true) return;
      this.#count -= 1;
      if (this.#count > 0) return;
      this.#timer?.cancel();
      this.#timer = undefined;
    };
  }

  #tick(): void {
    this.#at = (this.#at + 1) % SLOTS;
    for (const visit of this.#slots[this.#at] ?? []) visit();
  }
}
