/**
 * What text frames ask for, done one after the other in the order of arrival, so that words, names and pictures of a client
 * meet the store as they were sent. It is bounded by weight: above the limit `isFull` asks the session to stop reading from
 * its client, and `onRoom` says when it may go on. While the database cannot be reached, work waits and is tried again; work
 * that fails for another reason is logged and dropped, and the next goes on.
 */
import { messageOf } from "@holdfast/contract";
import { type Clock, type Log, sleep } from "@holdfast/core";
import { isDatabaseUnavailable } from "@holdfast/store";

export interface SerialWorkOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly maxWeight: number;
  readonly onRoom: () => void;
}

/** Longest wait of `settled` unless told otherwise. */
const SETTLE_DEADLINE_MS = 8_000;
const RETRY_MS = 500;

/** Every piece weighs something, so that many empty ones fill it too. */
const BASE_WEIGHT = 256;

export class SerialWork {
  readonly #options: SerialWorkOptions;
  readonly #stop = new AbortController();
  #last: Promise<void> = Promise.resolve();
  #weight = 0;
  #failed = 0;

  constructor(options: SerialWorkOptions) {
    this.#options = options;
  }

  get isFull(): boolean {
    return this.#weight > this.#options.maxWeight;
  }

  /** Pieces that could not be done. */
  get failed(): number {
    return this.#failed;
  }

  add(weight: number, work: () => Promise<void>): void {
    const total = weight + BASE_WEIGHT;
    this.#weight += total;
    this.#last = this.#last.then(async () => {
      await this.#run(work);
      const wasFull = this.isFull;
      this.#weight -= total;
      if (wasFull && !this.isFull) this.#options.onRoom();
    });
  }

  /** Waits until everything added so far is done, within a deadline. */
  async settled(deadlineMs = SETTLE_DEADLINE_MS): Promise<void> {
    const waited = new AbortController();
    await Promise.race([
      this.#last,
      sleep(this.#options.clock, deadlineMs, AbortSignal.any([waited.signal, this.#stop.signal])),
    ]);
    waited.abort();
  }

  /** Gives up what is not done. */
  close(): void {
    this.#stop.abort();
  }

  async #run(work: () => Promise<void>): Promise<void> {
    while (!this.#stop.signal.aborted) {
      try {
        await work();
        return;
      } catch (error) {
        if (!isDatabaseUnavailable(error)) {
          this.#failed += 1;
          this.#options.log.error({ error: messageOf(error) }, "what a client asked for could not be done");
          return;
        }
        await sleep(this.#options.clock, RETRY_MS, this.#stop.signal);
      }
    }
    this.#failed += 1;
  }
}
