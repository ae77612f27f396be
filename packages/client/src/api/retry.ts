/**
 * Trying again, politely: only what may succeed unchanged (throttle, capacity, transport), never before the server's own
 * `Retry-After`, else with doubled waits and full jitter, and never past the caller's deadline. The failure that is thrown
 * in the end is the last real one, not a time-out.
 */
import { type HoldfastError, isHoldfastError } from "@holdfast/contract";
import { backoffMs, type Clock, type Random, sleep } from "@holdfast/core";

export interface RetryOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Wall time after which no further try is begun, Unix milliseconds. */
  readonly deadlineMs: number;
  readonly signal?: AbortSignal | undefined;
  readonly onRetry?: ((error: HoldfastError, waitMs: number) => void) | undefined;
}

/** Jitter may come out at nothing, and then a refusing server would be asked without end. */
const MIN_WAIT_MS = 50;
const BACKOFF = { baseMs: 500, capMs: 10_000, jitter: 0 };

export async function retrying<T>(call: () => Promise<T>, options: RetryOptions): Promise<T> {
  for (let failures = 0; ; failures++) {
    try {
      return await call();
    } catch (error) {
      const wait = nextWaitMs(error, failures, options);
      if (wait === undefined || !isHoldfastError(error)) throw error;
      options.onRetry?.(error, wait);
      await sleep(options.clock, wait, options.signal);
      if (options.signal?.aborted === true) throw error;
    }
  }
}

/** How long to wait before the next try; undefined where none is due. */
function nextWaitMs(error: unknown, failures: number, options: RetryOptions): number | undefined {
  if (!isHoldfastError(error) || !error.retryable || options.signal?.aborted === true) return undefined;
  const random = options.random.next();
  const wait = Math.max(
    Math.round(backoffMs(failures, random, BACKOFF) * random),
    error.retryAfterMs ?? 0,
    MIN_WAIT_MS,
  );
  return options.clock.now() + wait > options.deadlineMs ? undefined : wait;
}
