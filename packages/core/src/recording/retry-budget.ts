/**
 * How many tries that nobody asked for an engine may make, as a bucket of tokens that fills with time. A try after a failure of
 * the network or of the server costs much, one after being told to wait costs little, since there the server chose the moment
 * itself. A success gives back what its try cost. Whoever runs dry waits until there is enough again. However long a fault
 * lasts, a client makes in `m` minutes at most (capacity + m * refillPerMinute) / cost tries: 10 at first and then 12 an hour
 * (298 a day) where they fail, 50 and then 60 an hour where a server keeps asking for less (reference client-sync D1, D34).
 */

export interface RetryBudget {
  readonly tokens: number;
  /** When `tokens` was true. */
  readonly atMs: number;
}

export type RetryCause = "transient" | "told_to_wait";

export const RETRY_BUDGET = { capacity: 100, cost: { transient: 10, told_to_wait: 2 }, refillPerMinute: 2 } as const;

export function fullBudget(nowMs: number): RetryBudget {
  return { tokens: RETRY_BUDGET.capacity, atMs: nowMs };
}

export interface RetryPermit {
  readonly budget: RetryBudget;
  /** Wait so long before the try; 0 where it may be made at once. The budget has paid for it either way. */
  readonly waitMs: number;
}

export function spendRetry(budget: RetryBudget, cause: RetryCause, nowMs: number): RetryPermit {
  const tokens = filled(budget, nowMs) - RETRY_BUDGET.cost[cause];
  const waitMs = tokens >= 0 ? 0 : Math.ceil((-tokens * 60_000) / RETRY_BUDGET.refillPerMinute);
  return { budget: { tokens, atMs: nowMs }, waitMs };
}

export function refundRetry(budget: RetryBudget, cause: RetryCause, nowMs: number): RetryBudget {
  return { tokens: Math.min(RETRY_BUDGET.capacity, filled(budget, nowMs) + RETRY_BUDGET.cost[cause]), atMs: nowMs };
}

function filled({ tokens, atMs }: RetryBudget, nowMs: number): number {
  const minutes = Math.max(0, nowMs - atMs) / 60_000;
  return Math.min(RETRY_BUDGET.capacity, tokens + minutes * RETRY_BUDGET.refillPerMinute);
}
