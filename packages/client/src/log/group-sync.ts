/**
 * One barrier for many writes: files that were written are synced together, at most `SYNC_WITHIN_MS` after the first write.
 * A barrier that fails is told, and tried again; nothing is called synced that is not.
 */
import type { Clock, Timer } from "@holdfast/core";
import type { LogStore } from "./store.ts";

const SYNC_WITHIN_MS = 1_000;

export class GroupSync {
  readonly #store: LogStore;
  readonly #clock: Clock;
  readonly #failed: (error: unknown) => void;
  readonly #dirty = new Set<string>();
  readonly #running = new Map<string, Promise<void>>();
  #timer: Timer | undefined;

  constructor(store: LogStore, clock: Clock, failed: (error: unknown) => void) {
    this.#store = store;
    this.#clock = clock;
    this.#failed = failed;
  }

  /** The file was written. */
  touch(name: string): void {
    this.#dirty.add(name);
    this.#timer ??= this.#clock.after(SYNC_WITHIN_MS, () => {
      this.#timer = undefined;
      void this.#round();
    });
  }

  /** The file is gone. */
  forget(name: string): void {
    this.#dirty.delete(name);
  }

  /** Resolves when everything written to the file so far survives a loss of power. */
  async now(name: string): Promise<void> {
    // A barrier that is under way may have begun before the last write.
    await this.#running.get(name)?.catch(() => undefined);
    const later = this.#running.get(name);
    if (later !== undefined) return await later;
    if (!this.#dirty.delete(name)) return;
    const running = this.#store.sync(name).finally(() => this.#running.delete(name));
    this.#running.set(name, running);
    try {
      await running;
    } catch (error) {
      this.touch(name);
      throw error;
    }
  }

  async all(): Promise<void> {
    for (const name of [...this.#dirty]) await this.now(name);
    this.stop();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  async #round(): Promise<void> {
    for (const name of [...this.#dirty]) await this.now(name).catch(this.#failed);
  }
}
