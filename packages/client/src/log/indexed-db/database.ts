/** The part of IndexedDB that is needed, as promises: the platform's objects satisfy these types as they are. */

export interface IdbRequest<T> {
  readonly result: T;
  readonly error: unknown;
  onsuccess: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
}

export interface IdbObjectStore {
  get(key: unknown): IdbRequest<unknown>;
  getAll(range?: unknown): IdbRequest<unknown[]>;
  getAllKeys(range?: unknown): IdbRequest<unknown[]>;
  put(value: unknown, key: unknown): IdbRequest<unknown>;
  delete(key: unknown): IdbRequest<undefined>;
}

export interface IdbTransaction {
  objectStore(name: string): IdbObjectStore;
  abort(): void;
  readonly error: unknown;
  oncomplete: ((event: never) => void) | null;
  onabort: ((event: never) => void) | null;
}

export interface IdbDatabase {
  createObjectStore(name: string): unknown;
  transaction(
    stores: string[],
    mode: "readonly" | "readwrite",
    options: { durability: "strict" | "relaxed" },
  ): IdbTransaction;
  close(): void;
}

export interface IdbFactory {
  open(name: string, version: number): IdbRequest<IdbDatabase> & { onupgradeneeded: ((event: never) => void) | null };
}

export interface IdbKeyRanges {
  bound(lower: unknown, upper: unknown): unknown;
}

export function result<T>(request: IdbRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** Resolves when everything that `work` asked for is committed; a throw undoes all of it. */
export async function transact<T>(
  database: IdbDatabase,
  stores: string[],
  durability: "strict" | "relaxed" | "readonly",
  work: (transaction: IdbTransaction) => Promise<T>,
): Promise<T> {
  const transaction =
    durability === "readonly"
      ? database.transaction(stores, "readonly", { durability: "relaxed" })
      : database.transaction(stores, "readwrite", { durability });
  const done = new Promise<void>((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error);
  });
  done.catch(() => undefined);
  try {
    const value = await work(transaction);
    await done;
    return value;
  } catch (error) {
    abort(transaction);
    throw error;
  }
}

function abort(transaction: IdbTransaction): void {
  try {
    transaction.abort();
  } catch {
    // It was over already.
  }
}
