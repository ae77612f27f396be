/** Time that a test moves by hand: timers fire in order of their time, and promises get their turn in between. */
import type { Clock, Random, Timer } from "@holdfast/core";

interface Entry {
  at: number;
  readonly every: number | undefined;
  readonly call: () => void;
}

export class ManualClock implements Clock {
  #now = 1_790_000_000_000;
  readonly #entries = new Set<Entry>();
  readonly #rounds: number;
  readonly #isBusy: () => boolean;

  /**
   * `rounds` of promises are let go on between two timers: as many as the longest chain of them under test. While `isBusy`,
   * somebody waits for the machine itself (a Blob is read), and no time passes.
   */
  constructor(rounds = 10, isBusy: () => boolean = () => false) {
    this.#rounds = rounds;
    this.#isBusy = isBusy;
  }

  now(): number {
    return this.#now;
  }

  after(ms: number, call: () => void): Timer {
    return this.#add({ at: this.#now + ms, every: undefined, call });
  }

  every(ms: number, call: () => void): Timer {
    return this.#add({ at: this.#now + ms, every: ms, call });
  }

  /** The wall clock is set back; what was planned comes as much later as it would have. */
  setBack(ms: number): void {
    this.#now -= ms;
    for (const entry of this.#entries) entry.at -= ms;
  }

  get pending(): number {
    return this.#entries.size;
  }

  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    for (;;) {
      await this.#settle();
      const next = [...this.#entries].sort((a, b) => a.at - b.at)[0];
      if (next === undefined || next.at > end) break;
      this.#now = next.at;
      if (next.every === undefined) this.#entries.delete(next);
      else next.at += next.every;
      next.call();
    }
    this.#now = end;
    await this.#settle();
  }

  async #settle(): Promise<void> {
    await settle(this.#rounds);
    while (this.#isBusy()) {
      await new Promise((resolve) => setImmediate(resolve));
      await settle(this.#rounds);
    }
  }

  #add(entry: Entry): Timer {
    // Not a number would neither fire nor let time pass.
    if (Number.isNaN(entry.at)) throw new Error("a timer needs a time");
    this.#entries.add(entry);
    return { cancel: () => this.#entries.delete(entry) };
  }
}

/** Lets promises that can go on go on. */
export async function settle(rounds = 10): Promise<void> {
  for (let i = 0; i < rounds; i++) await Promise.resolve();
}

/** Always the same number, and ids that count. */
export function fixedRandom(value = 0.5): Random {
  let count = 0;
  return {
    next: () => value,
    uuid: () => `00000000-0000-4000-8000-${String(count++).padStart(12, "0")}`,
  };
}
