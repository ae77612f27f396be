/**
 * Where this browser keeps recordings: files of the origin's private file system, written by a worker, or a database where the
 * worker says that it has no synchronous files. A store that fails for another reason is not replaced by the other one: what
 * was recorded would then lie in two places.
 */
import { type OpenStore, openIndexedDbStore, openOpfsStore } from "@holdfast/client";
import { isHoldfastError } from "@holdfast/contract";
import type { Clock } from "@holdfast/core";
import workerUrl from "./opfs-worker.ts?worker&url";
import { NO_SYNC_FILES } from "./sync-files.ts";

const NAME = "recordings";

/** Throws HoldfastError of the store. */
export async function openStore(clock: Clock): Promise<OpenStore> {
  const { locks, storage } = navigator;
  const startWorker = (): Worker => new Worker(workerUrl, { type: "module" });
  try {
    return await openOpfsStore({ folder: NAME, startWorker, locks, storage, clock });
  } catch (error) {
    if (!isHoldfastError(error) || error.code !== NO_SYNC_FILES) throw error;
    return await openDatabase(NAME, clock);
  }
}

/** A small store of its own, for what is not a recording. */
export async function openDatabase(name: string, clock: Clock): Promise<OpenStore> {
  const { locks, storage } = navigator;
  return await openIndexedDbStore({ name, indexedDb: indexedDB, keyRanges: IDBKeyRange, locks, storage, clock });
}
