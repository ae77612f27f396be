/**
 * The store in a folder of a machine with Node. Bytes are written where they belong and flushed with fdatasync; the folder is
 * flushed with them where a file was made, and where one is removed. Few files are open, and none is closed while it is in use.
 */
import { type FileHandle, mkdir, open, readdir, rm, statfs } from "node:fs/promises";
import { join } from "node:path";
import { isHoldfastError } from "@holdfast/contract";
import {
  assertStoreName,
  fileMissing,
  type LogStore,
  type OpenStore,
  storageFailed,
  storageFull,
  writePastEnd,
} from "../log/store.ts";
import { codeOf, isLockFile, takeLockFile } from "./lock-file.ts";

const MAX_OPEN = 16;

interface OpenFile {
  readonly handle: FileHandle;
  size: number;
}

interface Slot {
  readonly opening: Promise<OpenFile>;
  /** Calls that hold it, from before they wait for it. */
  users: number;
}

/** `token`: a string that nobody else uses. Throws HoldfastError `log_in_use`. */
export async function openFileStore(folder: string, token: string): Promise<OpenStore> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const release = await takeLockFile(folder, token);
  const store = new FileStore(folder);
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= store.close().finally(release);
    return closing;
  };
  return { store, close, [Symbol.asyncDispose]: close };
}

class FileStore implements LogStore {
  readonly capabilities = { survivesPowerLoss: true, listsQuickly: true };
  readonly #folder: string;
  /** In the order of their last use. */
  readonly #open = new Map<string, Slot>();
  /** Files whose entry in the folder may not be on the disk. */
  readonly #newEntries = new Set<string>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  async list(ending = ""): Promise<readonly string[]> {
    return (await readdir(this.#folder)).filter((name) => !isLockFile(name) && name.endsWith(ending));
  }

  async read(name: string, start: number, end: number): Promise<Uint8Array> {
    return await this.#with(name, false, async ({ handle, size }) => {
      const bytes = new Uint8Array(Math.max(0, Math.min(end, size) - start));
      let at = 0;
      while (at < bytes.length) {
        const { bytesRead } = await handle.read(bytes, at, bytes.length - at, start + at);
        if (bytesRead === 0) break;
        at += bytesRead;
      }
      return bytes.subarray(0, at);
    });
  }

  async write(name: string, at: number, bytes: Uint8Array): Promise<void> {
    assertStoreName(name);
    await this.#with(name, true, async (file) => {
      if (at > file.size) throw writePastEnd(name, at, file.size);
      const end = at + bytes.length;
      for (let done = 0; done < bytes.length; ) {
        const { bytesWritten } = await file.handle.write(bytes, done, bytes.length - done, at + done);
        done += bytesWritten;
        file.size = Math.max(file.size, at + done);
      }
      if (file.size > end) await file.handle.truncate(end);
      file.size = end;
    });
  }

  async sync(name: string): Promise<void> {
    await this.#with(name, false, async ({ handle }) => {
      await handle.datasync();
      if (!this.#newEntries.has(name)) return;
      await this.#syncFolder();
      this.#newEntries.delete(name);
    });
  }

  async remove(name: string): Promise<void> {
    assertStoreName(name);
    const open = this.#open.get(name);
    this.#open.delete(name);
    this.#newEntries.delete(name);
    await guarded(name, async () => {
      await (await open?.opening)?.handle.close();
      await rm(join(this.#folder, name), { force: true });
      await this.#syncFolder();
    });
  }

  async space(): ReturnType<LogStore["space"]> {
    const { bavail, bsize } = await statfs(this.#folder);
    return { freeBytes: bavail * bsize, usedBytes: null, persisted: true };
  }

  async close(): Promise<void> {
    for (const { opening } of this.#open.values()) await (await opening).handle.close();
    this.#open.clear();
  }

  async #with<T>(name: string, create: boolean, use: (file: OpenFile) => Promise<T>): Promise<T> {
    return await guarded(name, async () => {
      const slot = this.#open.get(name) ?? { opening: this.#openFile(name, create), users: 0 };
      this.#open.delete(name);
      this.#open.set(name, slot);
      slot.users += 1;
      try {
        return await use(await slot.opening);
      } finally {
        slot.users -= 1;
        if (this.#open.size > MAX_OPEN) await this.#closeOldest();
      }
    });
  }

  async #openFile(name: string, create: boolean): Promise<OpenFile> {
    const path = join(this.#folder, name);
    try {
      const handle = await open(path, "r+").catch(async (error: unknown) => {
        if (!create || codeOf(error) !== "ENOENT") throw error;
        this.#newEntries.add(name);
        return await open(path, "w+", 0o600);
      });
      return { handle, size: (await handle.stat()).size };
    } catch (error) {
      this.#open.delete(name);
      throw error;
    }
  }

  async #closeOldest(): Promise<void> {
    const [name, slot] = [...this.#open].find(([, { users }]) => users === 0) ?? [];
    if (name === undefined || slot === undefined) return;
    this.#open.delete(name);
    await (await slot.opening).handle.close();
  }

  async #syncFolder(): Promise<void> {
    const folder = await open(this.#folder, "r");
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  }
}

async function guarded<T>(name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isHoldfastError(error)) throw error;
    const code = codeOf(error);
    if (code === "ENOENT") throw fileMissing(name, error);
    if (code === "ENOSPC" || code === "EDQUOT") throw storageFull(error);
    throw storageFailed(`${name} could not be used`, error);
  }
}
