/**
 * When a conversation with a basic summary is tried again with the language model: first after a minute, then at doubled
 * distances up to an hour, and not for ever. What the model itself gets wrong spends attempts of the job (`JOBS.maxAttempts`)
 * and ends sooner; a server that is away costs nothing but time.
 */

export const ENRICH = { firstMs: 60_000, capMs: 3_600_000, maxTries: 20 } as const;

/** Wait before the try after `failures` failed ones (0 for the first). A server may ask for longer. */
export function enrichDelayMs(failures: number, retryAfterMs = 0): number {
  return Math.max(Math.min(ENRICH.firstMs * 2 ** Math.min(failures, 10), ENRICH.capMs), retryAfterMs);
}

export function shouldGiveUp(failures: number): boolean {
  return failures >= ENRICH.maxTries;
}

export function isEnrichment(payload: Readonly<Record<string, unknown>>): boolean {
  return payload.trigger === "enrich";
}
