/**
 * A limit of so many requests in a sliding window, for each caller by its key. Exact, and bounded: it remembers at most
 * `limit` moments of at most `maxKeys` callers, and forgets the one that was quiet for longest.
 */
export class RateWindow {
  readonly #limit: number;
  readonly #windowMs: number;
  readonly #maxKeys: number;
  readonly #taken = new Map<string, number[]>();

  constructor(limit: number, windowMs: number, maxKeys = 10_000) {
    this.#limit = limit;
    this.#windowMs = windowMs;
    this.#maxKeys = maxKeys;
  }

  /** Takes one request. Returns 0 where it may go on, or how long until one may, in milliseconds. */
  take(key: string, nowMs: number): number {
    const taken = (this.#taken.get(key) ?? []).filter((atMs) => atMs > nowMs - this.#windowMs);
    this.#taken.delete(key);
    this.#taken.set(key, taken);
    const [oldest] = taken;
    if (taken.length >= this.#limit && oldest !== undefined) return oldest + this.#windowMs - nowMs;
    taken.push(nowMs);
    const [quietest] = this.#taken.keys();
    if (this.#taken.size > this.#maxKeys && quietest !== undefined) this.#taken.delete(quietest);
    return 0;
  }
}
