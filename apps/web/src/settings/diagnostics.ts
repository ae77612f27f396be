/**
 * The diagnostic log of this browser: off unless a person turns it on, in a small store of its own that is opened only then. It
 * writes what the sync engine tells, and no words, no sound and no token.
 */
import { DiagnosticLog, type SyncEngine } from "@holdfast/client";
import type { Clock } from "@holdfast/core";
import { openDatabase } from "../device/store.ts";

const KEY = "holdfast.diagnostics";

export interface DiagnosticsDeps {
  readonly storage: Pick<Storage, "getItem" | "setItem" | "removeItem">;
  readonly clock: Clock;
}

export class Diagnostics {
  readonly #deps: DiagnosticsDeps;
  readonly #listeners = new Set<() => void>();
  #log: Promise<DiagnosticLog> | undefined;
  #isEnabled: boolean;

  constructor(deps: DiagnosticsDeps) {
    this.#deps = deps;
    this.#isEnabled = deps.storage.getItem(KEY) !== null;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly isEnabled = (): boolean => this.#isEnabled;

  /** Rejects with HoldfastError where the browser gives no store; it is off then. */
  async enable(value: boolean): Promise<void> {
    this.#set(value);
    try {
      (await this.#opened()).enabled = value;
    } catch (error) {
      this.#set(false);
      throw error;
    }
  }

  /** Everything there is, oldest first. */
  async share(): Promise<Blob> {
    return await (await this.#opened()).share();
  }

  async clear(): Promise<void> {
    await (await this.#opened()).clear();
  }

  /** From now on this engine is written down, while it is turned on. */
  follow(engine: SyncEngine): void {
    engine.on((name, detail) => {
      if (name === "changed" || !this.#isEnabled) return;
      // Without a store there is nothing to write to, and that is said where it is turned on.
      void this.#opened().then(
        (log) => log.event(name, { ...detail }),
        () => undefined,
      );
    });
  }

  #set(value: boolean): void {
    if (value) this.#deps.storage.setItem(KEY, "on");
    else this.#deps.storage.removeItem(KEY);
    this.#isEnabled = value;
    for (const listener of this.#listeners) listener();
  }

  #opened(): Promise<DiagnosticLog> {
    this.#log ??= openDatabase("diagnostics", this.#deps.clock).then(({ store }) => {
      const log = new DiagnosticLog({ store, clock: this.#deps.clock });
      log.enabled = this.#isEnabled;
      return log;
    });
    this.#log.catch(() => {
      this.#log = undefined;
    });
    return this.#log;
  }
}
