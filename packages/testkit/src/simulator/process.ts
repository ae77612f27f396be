/**
 * A process of the simulated world: the clock, the randomness and the log that its code is given, and what it opened. `kill`
 * is SIGKILL: its timers never fire, its queries are never answered, nobody cleans up. `stop` is SIGSTOP: everything that
 * happens to it waits until `resume`, while time goes on for all others.
 */
import type { Clock, Log, Timer } from "@holdfast/core";
import { silentLog } from "@holdfast/core";
import type { SeededRandom } from "./random.ts";
import type { Owner, Scheduler } from "./scheduler.ts";

export class SimProcess implements Owner {
  readonly name: string;
  readonly scheduler: Scheduler;
  readonly random: SeededRandom;
  readonly clock: Clock;
  readonly log: Log;
  readonly #held: (() => void)[] = [];
  readonly #onDeath: (() => void)[] = [];
  #state: "running" | "stopped" | "dead" = "running";

  constructor(name: string, scheduler: Scheduler, random: SeededRandom, log: Log = silentLog) {
    this.name = name;
    this.scheduler = scheduler;
    this.random = random;
    this.log = log;
    this.clock = clockOf(this);
  }

  get state(): "running" | "stopped" | "dead" {
    return this.#state;
  }

  get isDead(): boolean {
    return this.#state === "dead";
  }

  hold(event: () => void): void {
    this.#held.push(event);
  }

  /** What the operating system does when it ends: sockets reset, transactions rolled back. */
  onDeath(call: () => void): void {
    this.#onDeath.push(call);
  }

  kill(): void {
    if (this.#state === "dead") return;
    this.#state = "dead";
    this.scheduler.note(`kill ${this.name}`);
    this.#held.length = 0;
    for (const call of this.#onDeath.splice(0)) call();
  }

  stop(): void {
    if (this.#state !== "running") return;
    this.#state = "stopped";
    this.scheduler.note(`stop ${this.name}`);
  }

  resume(): void {
    if (this.#state !== "stopped") return;
    this.#state = "running";
    this.scheduler.note(`resume ${this.name}`);
    // In the order in which they came, as a kernel hands them out.
    this.#held.splice(0).forEach((event, index) => {
      this.scheduler.after(index * 1e-6, `${this.name} late`, this, event);
    });
  }

  /** An event that happens to this process. */
  after(ms: number, label: string, call: () => void): Timer {
    return this.scheduler.after(ms, `${this.name} ${label}`, this, call);
  }
}

function clockOf(process: SimProcess): Clock {
  return {
    now: () => Math.floor(process.scheduler.nowMs),
    after: (ms, call) => process.after(ms, "timer", call),
    every(ms, call) {
      let timer: Timer;
      let nextMs = process.scheduler.nowMs + ms;
      const tick = (): void => {
        // A late tick does not make the next ones late, and ticks that were missed are not made up for.
        nextMs += ms;
        if (nextMs <= process.scheduler.nowMs) nextMs = process.scheduler.nowMs + ms;
        timer = process.after(nextMs - process.scheduler.nowMs, "timer", tick);
        call();
      };
      timer = process.after(ms, "timer", tick);
      return { cancel: () => timer.cancel() };
    },
  };
}
