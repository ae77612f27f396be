/** The contract of the stores, by every adapter that runs here: in memory, in a real folder, and in IndexedDB without a browser. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LOG_STORE_CONTRACT, type LogStoreHarness, MemoryDisk } from "@holdfast/testkit/log";
import { IDBFactory, IDBKeyRange } from "fake-indexeddb";
import { describe, it } from "vitest";
import { openIndexedDbStore } from "../../src/index.ts";
import { openFileStore } from "../../src/node/index.ts";
import { systemClock } from "../../src/system.ts";

const SPACE = {
  estimate: async () => ({ usage: 1, quota: 10 }),
  persisted: async () => false,
  persist: async () => true,
};

const ADAPTERS: Readonly<Record<string, () => Promise<LogStoreHarness & AsyncDisposable>>> = {
  memory: async () => {
    const disk = new MemoryDisk();
    return { open: () => disk.open(), [Symbol.asyncDispose]: async () => {} };
  },
  files: async () => {
    const folder = await mkdtemp(join(tmpdir(), "holdfast-log-"));
    let opened = 0;
    return {
      open: () => openFileStore(join(folder, "log"), `opened-${++opened}`),
      [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
    };
  },
  indexeddb: async () => {
    const indexedDb = new IDBFactory();
    const options = {
      name: crypto.randomUUID(),
      indexedDb,
      keyRanges: IDBKeyRange,
      locks: navigator.locks,
      storage: SPACE,
    };
    return {
      open: () => openIndexedDbStore({ ...options, clock: systemClock }),
      [Symbol.asyncDispose]: async () => {},
    };
  },
};

describe.each(Object.entries(ADAPTERS))("the store in %s", (_name, make) => {
  it.each(LOG_STORE_CONTRACT)("$name", async ({ run }) => {
    await using harness = await make();
    await run(harness);
  });
});
