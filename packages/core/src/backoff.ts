/**
 * Waiting times between tries: base doubled for each failure, capped, with symmetric jitter so that many waiters do not
 * return at once.
 */
export interface BackoffOptions {
  readonly baseMs: number;
  readonly capMs: number;
  /** 0.25 means ±25 %. */
  readonly jitter: number;
}

/** Wait before try number `attempt` (0-based), in milliseconds. `random` is uniform in [0, 1). */
export function backoffMs(attempt: number, random: number, options: BackoffOptions): number {
  const nominal = Math.min(options.baseMs * 2 ** Math.min(attempt, 30), options.capMs);
  return Math.round(nominal * (1 - options.jitter + 2 * options.jitter * random));
}
