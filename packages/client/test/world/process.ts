/** One run of a program in a test: its clock, whose timers go with it, and what it has not ended. */
import type { Clock, Timer } from "@holdfast/core";

export class Process implements Clock {
  readonly #clock: Clock;
  readonly #timers = new Set<Timer>();
  isOver = false;
  isClosed = false;
  /** Captures that are coming to their end. */
  stopping = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Timers that run. */
  get timers(): number {
    return this.#timers.size;
  }

  now(): number {
    return this.#clock.now();
  }

  after(ms: number, call: () => void): Timer {
    return this.#keep((ended) =>
      this.#clock.after(ms, () => {
        ended();
        call();
      }),
    );
  }

  every(ms: number, call: () => void): Timer {
    return this.#keep(() => this.#clock.every(ms, call));
  }

  end(): void {
    this.isOver = true;
    for (const timer of [...this.#timers]) timer.cancel();
  }

  #keep(begin: (ended: () => void) => Timer): Timer {
    if (this.isOver) return { cancel: () => {} };
    const ended = (): void => void this.#timers.delete(timer);
    const running = begin(ended);
    const timer: Timer = {
      cancel: () => {
        running.cancel();
        ended();
      },
    };
    this.#timers.add(timer);
    return timer;
  }
}
