/**
 * The timers of the sync engine, each of them one plan that a newer plan replaces: the next try after a failure, the next
 * question about jobs, the end of a pause with its jitter. They run only while somebody looks; who comes back is woken anyway.
 */
import type { Clock, Timer } from "@holdfast/core";

export type Plan = "retry" | "reconcile" | "resume";

/** Timers of browsers and of Node hold 32 bits of milliseconds; a longer one would go off at once. */
export const MAX_TIMER_MS = 2_000_000_000;

export class Schedule {
  readonly #clock: Clock;
  readonly #timers = new Map<Plan, { readonly atMs: number; readonly timer: Timer }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** When the first of all plans is due; null where there is none. */
  get nextAtMs(): number | null {
    const times = [...this.#timers.values()].map(({ atMs }) => atMs);
    return times.length === 0 ? null : Math.min(...times);
  }

  /** When this plan is due; null where it is none. */
  atMs(plan: Plan): number | null {
    return this.#timers.get(plan)?.atMs ?? null;
  }

  has(plan: Plan): boolean {
    return this.#timers.has(plan);
  }

  set(plan: Plan, wishedMs: number, call: () => void): void {
    const inMs = Math.min(wishedMs, MAX_TIMER_MS);
    this.clear(plan);
    const timer = this.#clock.after(inMs, () => {
      this.#timers.delete(plan);
      call();
    });
    this.#timers.set(plan, { atMs: this.#clock.now() + inMs, timer });
  }

  clear(plan: Plan): void {
    this.#timers.get(plan)?.timer.cancel();
    this.#timers.delete(plan);
  }

  clearAll(): void {
    for (const plan of [...this.#timers.keys()]) this.clear(plan);
  }
}
