/**
 * Blobs in a folder. Staged bytes are written to `staging/`, flushed, then renamed to their key, then the folder is flushed,
 * so that a key that exists is whole, also after a power cut. Keys are made by us and never hold anything from a client.
 */
import { createHash, randomUUID } from "node:crypto";
import { constants } from "node:fs";
import { dirname, join } from "node:path";
import type { Readable } from "node:stream";
import { HoldfastError } from "@holdfast/contract";
import { asStorageError, thrownAsStorageError, tooLarge } from "./failures.ts";
import { type FileSystem, nodeFiles, syncFolders, writeAll } from "./file-system.ts";
import { growFile } from "./growing.ts";
import type { BlobFolder, BlobStore, ByteRange, StagedBlob } from "./port.ts";

const KEY = /^[A-Za-z0-9_-]+(\/[A-Za-z0-9_.-]+)*$/;

/** Staged bytes this old belong to a process that died while it took an upload. */
const ABANDONED_MS = 3_600_000;

/** Opens the store and removes what dead processes left in `staging/`. Several processes may share one folder. */
export async function openDirectoryBlobs(
  root: string,
  nowMs: number,
  files: FileSystem = nodeFiles,
): Promise<BlobStore> {
  const staging = join(root, "staging");
  await files.mkdir(staging, { recursive: true });
  await discardOlder(files, staging, nowMs - ABANDONED_MS);

  const pathOf = (key: string): string => {
    if (!KEY.test(key) || key.includes("..")) {
      throw new HoldfastError("not a blob key", { code: "internal", class: "content" });
    }
    return join(root, "objects", key);
  };

  return {
    async stage(source, options) {
      const stagedPath = join(staging, randomUUID());
      try {
        return await writeStaged(files, source, stagedPath, options);
      } catch (error) {
        await files.rm(stagedPath, { force: true });
        throw asStorageError(error);
      }
    },
    async commit(staged, key) {
      await placed(files, pathOf(key), (target) => files.rename(staged.stagedPath, target));
    },
    async discard(staged) {
      await files.rm(staged.stagedPath, { force: true });
    },
    async discardAbandoned(atMs) {
      return await discardOlder(files, staging, atMs - ABANDONED_MS);
    },
    async grow(key, from, copyOf) {
      const copyFrom = copyOf === undefined ? undefined : pathOf(copyOf);
      return await growFile(files, pathOf(key), from, copyFrom).catch(thrownAsStorageError);
    },
    async link(key, as) {
      await placed(files, pathOf(as), (target) => files.link(pathOf(key), target));
    },
    async read(key, range) {
      const reading = range === undefined ? files.readFile(pathOf(key)) : readPart(files, pathOf(key), range);
      return await reading.catch(thrownAsStorageError);
    },
    async list(prefix) {
      return await foldersOf(files, pathOf(prefix), prefix);
    },
    async removeAll(prefix) {
      await files.rm(pathOf(prefix), { recursive: true, force: true });
    },
    async check() {
      await files.access(staging, constants.W_OK);
    },
  };
}

async function discardOlder(files: FileSystem, staging: string, beforeMs: number): Promise<number> {
  let removed = 0;
  for (const name of await files.readdir(staging)) {
    const path = join(staging, name);
    const info = await files.stat(path).catch(() => undefined);
    if (info === undefined || info.mtimeMs >= beforeMs) continue;
    await files.rm(path, { force: true });
    removed += 1;
  }
  return removed;
}

/** Gives bytes a place, durably. */
async function placed(files: FileSystem, target: string, place: (target: string) => Promise<void>): Promise<void> {
  try {
    await files.mkdir(dirname(target), { recursive: true });
    await place(target);
    await syncFolders(files, dirname(target));
  } catch (error) {
    throw asStorageError(error);
  }
}

async function writeStaged(
  files: FileSystem,
  source: Readable,
  stagedPath: string,
  options: { readonly maxBytes: number; readonly signal?: AbortSignal },
): Promise<StagedBlob> {
  const hash = createHash("sha256");
  let bytes = 0;
  const file = await files.open(stagedPath, "wx", 0o600);
  try {
    for await (const chunk of source as AsyncIterable<Buffer>) {
      options.signal?.throwIfAborted();
      bytes += chunk.length;
      if (bytes > options.maxBytes) throw tooLarge(options.maxBytes);
      hash.update(chunk);
      await writeAll(file, [chunk]);
    }
    await file.sync();
  } finally {
    await file.close();
  }
  return { bytes, sha256: hash.digest("hex"), stagedPath };
}

async function readPart(files: FileSystem, path: string, { start, end }: ByteRange): Promise<Uint8Array> {
  const bytes = new Uint8Array(Math.max(0, end - start));
  const file = await files.open(path, "r");
  try {
    let filled = 0;
    for (;;) {
      const { bytesRead } = await file.read(bytes, filled, bytes.length - filled, start + filled);
      filled += bytesRead;
      if (bytesRead === 0 || filled === bytes.length) return bytes.subarray(0, filled);
    }
  } finally {
    await file.close();
  }
}

/** What goes away meanwhile is not there. */
async function foldersOf(files: FileSystem, path: string, prefix: string): Promise<BlobFolder[]> {
  const entries = await files.readdir(path, { withFileTypes: true }).catch(noneWhereMissing);
  const folders: BlobFolder[] = [];
  for (const entry of entries) {
    if (!entry.isDirectory()) continue;
    const info = await files.stat(join(path, entry.name)).catch(() => undefined);
    if (info !== undefined) folders.push({ prefix: `${prefix}/${entry.name}`, modifiedMs: info.mtimeMs });
  }
  return folders;
}

function noneWhereMissing(error: unknown): never[] {
  if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
  throw error;
}
