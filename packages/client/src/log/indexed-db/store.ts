/**
 * The store in IndexedDB, for browsers without synchronous file handles. A file is a row of `files` (its length) and rows of
 * `pieces`, keyed by name and position. A write commits with relaxed durability, which survives the end of the page. A sync
 * gathers the pieces since the one before into a single row and commits that strictly, so that the bytes themselves are part
 * of what the disk was waited for, and a minute of frames is sixty rows, not three thousand.
 */
import type { Clock } from "@holdfast/core";
import { type BrowserStorage, browserSpace, storageError } from "../browser-storage.ts";
import { concat } from "../bytes.ts";
import { assertStoreName, fileMissing, type LogStore, type OpenStore, writePastEnd } from "../store.ts";
import { takeWebLock, type WebLocks } from "../web-lock.ts";
import {
  type IdbDatabase,
  type IdbFactory,
  type IdbKeyRanges,
  type IdbObjectStore,
  type IdbTransaction,
  result,
  transact,
} from "./database.ts";

export interface IndexedDbStoreOptions {
  /** Name of the database; also of the lock. */
  readonly name: string;
  readonly indexedDb: IdbFactory;
  /** `IDBKeyRange` of the platform. */
  readonly keyRanges: IdbKeyRanges;
  readonly locks: WebLocks;
  readonly storage: BrowserStorage | undefined;
  readonly clock: Clock;
}

const FILES = "files";
const PIECES = "pieces";

export async function openIndexedDbStore(options: IndexedDbStoreOptions): Promise<OpenStore> {
  const { name, indexedDb, keyRanges, locks, storage, clock } = options;
  const release = await takeWebLock(locks, `holdfast-log:${name}`, clock);
  try {
    const database = await openDatabase(indexedDb, name);
    let isClosed = false;
    const close = async (): Promise<void> => {
      if (isClosed) return;
      isClosed = true;
      database.close();
      await release();
    };
    return { store: new IndexedDbStore(database, keyRanges, storage), close, [Symbol.asyncDispose]: close };
  } catch (error) {
    await release();
    throw storageError(error, "opening the database of recordings");
  }
}

async function openDatabase(factory: IdbFactory, name: string): Promise<IdbDatabase> {
  const request = factory.open(name, 1);
  request.onupgradeneeded = () => {
    request.result.createObjectStore(FILES);
    request.result.createObjectStore(PIECES);
  };
  return await result(request);
}

class IndexedDbStore implements LogStore {
  readonly capabilities = { survivesPowerLoss: true, listsQuickly: true };
  readonly #database: IdbDatabase;
  readonly #ranges: IdbKeyRanges;
  readonly #storage: BrowserStorage | undefined;
  /** Where the bytes of a file begin that no sync was asked for. */
  readonly #unsynced = new Map<string, number>();

  constructor(database: IdbDatabase, ranges: IdbKeyRanges, storage: BrowserStorage | undefined) {
    this.#database = database;
    this.#ranges = ranges;
    this.#storage = storage;
  }

  async list(ending = ""): Promise<readonly string[]> {
    const names = await this.#do("readonly", async ({ files }) => (await result(files.getAllKeys())) as string[]);
    return names.filter((name) => name.endsWith(ending));
  }

  async read(name: string, start: number, end: number): Promise<Uint8Array> {
    return await this.#do("readonly", async ({ files, pieces }) => {
      const size = Math.min(end, await sizeOf(files, name));
      if (size <= start) return new Uint8Array(0);
      const from = await this.#pieceAt(pieces, name, start);
      const found = (await result(pieces.getAll(this.#range(name, from, size - 1)))) as Uint8Array[];
      return concat(found).slice(start - from, size - from);
    });
  }

  async write(name: string, at: number, bytes: Uint8Array): Promise<void> {
    assertStoreName(name);
    this.#unsynced.set(name, Math.min(at, this.#unsynced.get(name) ?? at));
    await this.#do("relaxed", async ({ files, pieces }) => {
      const size = ((await result(files.get(name))) as number | undefined) ?? 0;
      if (at > size) throw writePastEnd(name, at, size);
      if (at < size) await this.#cut(pieces, name, at);
      if (bytes.length > 0) pieces.put(bytes, [name, at]);
      files.put(at + bytes.length, name);
    });
  }

  async sync(name: string): Promise<void> {
    const from = this.#unsynced.get(name) ?? Number.POSITIVE_INFINITY;
    this.#unsynced.delete(name);
    try {
      await this.#do("strict", async ({ files, pieces }) => {
        const size = await sizeOf(files, name);
        if (from < size) {
          const range = this.#range(name, from, size);
          const gathered = concat((await result(pieces.getAll(range))) as Uint8Array[]);
          pieces.delete(range);
          pieces.put(gathered, [name, from]);
        }
        files.put(size, name);
      });
    } catch (error) {
      this.#unsynced.set(name, Math.min(from, this.#unsynced.get(name) ?? from));
      throw error;
    }
  }

  async remove(name: string): Promise<void> {
    assertStoreName(name);
    this.#unsynced.delete(name);
    await this.#do("strict", async ({ files, pieces }) => {
      pieces.delete(this.#range(name, 0, Number.MAX_VALUE));
      files.delete(name);
    });
  }

  space(ask = false): ReturnType<LogStore["space"]> {
    return browserSpace(this.#storage, ask);
  }

  /** Everything from `at` on is gone; the piece that holds it is shortened. */
  async #cut(pieces: IdbObjectStore, name: string, at: number): Promise<void> {
    const from = await this.#pieceAt(pieces, name, at);
    const head = from < at ? ((await result(pieces.get([name, from]))) as Uint8Array).slice(0, at - from) : undefined;
    pieces.delete(this.#range(name, from, Number.MAX_VALUE));
    if (head !== undefined) pieces.put(head, [name, from]);
  }

  /** Position of the piece that holds the byte at `at`, or `at` where none does. */
  async #pieceAt(pieces: IdbObjectStore, name: string, at: number): Promise<number> {
    if (at === 0) return 0;
    const keys = (await result(pieces.getAllKeys(this.#range(name, 0, at)))) as [string, number][];
    return keys.at(-1)?.[1] ?? at;
  }

  #range(name: string, from: number, to: number): unknown {
    return this.#ranges.bound([name, from], [name, to]);
  }

  async #do<T>(
    durability: "strict" | "relaxed" | "readonly",
    work: (stores: { files: IdbObjectStore; pieces: IdbObjectStore }) => Promise<T>,
  ): Promise<T> {
    try {
      return await transact(this.#database, [FILES, PIECES], durability, (transaction: IdbTransaction) =>
        work({ files: transaction.objectStore(FILES), pieces: transaction.objectStore(PIECES) }),
      );
    } catch (error) {
      throw storageError(error, "the database of recordings");
    }
  }
}

async function sizeOf(files: IdbObjectStore, name: string): Promise<number> {
  const size = (await result(files.get(name))) as number | undefined;
  if (size === undefined) throw fileMissing(name);
  return size;
}
