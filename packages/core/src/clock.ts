/**
 * Time, randomness and ids as things that are passed in (law L12). Production adapters live in `runtime`; tests and the
 * simulator bring their own. Nothing outside composition roots calls Date.now, Math.random or setTimeout.
 */

export interface Timer {
  /** Stops the timer; harmless when it has fired or was stopped before. */
  cancel(): void;
}

export interface Clock {
  /** Wall time, Unix milliseconds. */
  now(): number;
  /** Calls once after `ms`. Timers do not keep the process alive. */
  after(ms: number, call: () => void): Timer;
  /** Calls again and again, `ms` apart. Timers do not keep the process alive. */
  every(ms: number, call: () => void): Timer;
}

export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** A new random UUID. */
  uuid(): string;
}

/** Resolves after `ms`, or at once when the signal aborts (it never rejects). */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) return resolve();
    const finish = (): void => {
      timer.cancel();
      signal?.removeEventListener("abort", finish);
      resolve();
    };
    const timer = clock.after(ms, finish);
    signal?.addEventListener("abort", finish, { once: true });
  });
}
