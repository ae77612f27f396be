/**
 * The store in the origin private file system, as the page sees it: a lock for one owner, and calls to the worker that holds
 * the files. A worker that dies fails every call with `storage_failed`; what it wrote is in the files.
 */
import { HoldfastError } from "@holdfast/contract";
import type { Clock } from "@holdfast/core";
import { type BrowserStorage, browserSpace } from "../browser-storage.ts";
import { assertStoreName, type LogStore, type OpenStore, storageFailed } from "../store.ts";
import { takeWebLock, type WebLocks } from "../web-lock.ts";
import type { OpfsAnswer, OpfsCall } from "./protocol.ts";

/** The part of a dedicated `Worker` that is needed. Its module calls `serveOpfs`. */
export interface OpfsWorker {
  postMessage(message: unknown): void;
  terminate(): void;
  onmessage: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
}

export interface OpfsStoreOptions {
  /** Folder in the private file system; also the name of the lock. */
  readonly folder: string;
  /** Called once the lock is held. */
  readonly startWorker: () => OpfsWorker;
  readonly locks: WebLocks;
  readonly storage: BrowserStorage | undefined;
  readonly clock: Clock;
}

export async function openOpfsStore(options: OpfsStoreOptions): Promise<OpenStore> {
  const { folder, locks, storage, clock } = options;
  const release = await takeWebLock(locks, `holdfast-log:${folder}`, clock);
  const calls = new WorkerCalls(options.startWorker());
  const ask = <T>(call: OpfsCall): Promise<T> => calls.ask<T>(call);
  const named = (name: string, call: OpfsCall): Promise<void> => {
    assertStoreName(name);
    return ask(call);
  };
  const store: LogStore = {
    capabilities: { survivesPowerLoss: true, listsQuickly: false },
    list: (ending) => ask({ op: "list", ending }),
    read: (name, start, end) => ask({ op: "read", name, start, end }),
    write: async (name, at, bytes) => await named(name, { op: "write", name, at, bytes }),
    sync: (name) => ask({ op: "sync", name }),
    remove: async (name) => await named(name, { op: "remove", name }),
    space: (wish = false) => browserSpace(storage, wish),
  };
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= calls.end().finally(release);
    return closing;
  };
  try {
    await ask({ op: "open", folder });
  } catch (error) {
    await close().catch(() => undefined);
    throw error;
  }
  return { store, close, [Symbol.asyncDispose]: close };
}

interface Waiting {
  resolve(value: never): void;
  reject(error: unknown): void;
}

class WorkerCalls {
  readonly #worker: OpfsWorker;
  readonly #waiting = new Map<number, Waiting>();
  #count = 0;
  #dead: HoldfastError | undefined;

  constructor(worker: OpfsWorker) {
    this.#worker = worker;
    worker.onmessage = ({ data }: { data: OpfsAnswer }) => this.#hear(data);
    worker.onerror = () => this.#die("the worker that holds the recordings failed");
  }

  ask<T>(call: OpfsCall): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#dead !== undefined) return reject(this.#dead);
      this.#count += 1;
      this.#waiting.set(this.#count, { resolve, reject });
      this.#worker.postMessage({ id: this.#count, call });
    });
  }

  async end(): Promise<void> {
    try {
      await this.ask({ op: "close" });
    } finally {
      this.#die("the store was closed");
      this.#worker.terminate();
    }
  }

  #hear(answer: OpfsAnswer): void {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if ("error" in answer) {
      const { message, ...options } = answer.error;
      waiting?.reject(new HoldfastError(message, options));
    } else {
      waiting?.resolve(answer.value as never);
    }
  }

  #die(why: string): void {
    this.#dead ??= storageFailed(why);
    for (const { reject } of this.#waiting.values()) reject(this.#dead);
    this.#waiting.clear();
  }
}
