/**
 * Blobs in a folder. Staged bytes are written to `staging/`, flushed, then renamed to their key, then the folder is flushed,
 * so that a key that exists is whole, also after a power cut. Keys are made by us and never hold anything from a client.
 */
import { createHash, randomUUID } from "node:crypto";
import { access, constants, mkdir, open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Readable } from "node:stream";
import { HoldfastError } from "@holdfast/contract";
import type { BlobFolder, BlobStore, ByteRange, StagedBlob } from "./port.ts";

const KEY = /^[A-Za-z0-9_-]+(\/[A-Za-z0-9_.-]+)*$/;

/** Staged bytes this old belong to a process that died while it took an upload. */
const ABANDONED_MS = 3_600_000;

/** Opens the store and removes what dead processes left in `staging/`. Several processes may share one folder. */
export async function openDirectoryBlobs(root: string, nowMs: number): Promise<BlobStore> {
  const staging = join(root, "staging");
  await mkdir(staging, { recursive: true });
  for (const name of await readdir(staging)) {
    const path = join(staging, name);
    const info = await stat(path).catch(() => undefined);
    if (info !== undefined && info.mtimeMs < nowMs - ABANDONED_MS) await rm(path, { force: true });
  }

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
        return await writeStaged(source, stagedPath, options);
      } catch (error) {
        await rm(stagedPath, { force: true });
        throw asStorageError(error);
      }
    },
    async commit(staged, key) {
      const target = pathOf(key);
      await mkdir(dirname(target), { recursive: true });
      await rename(staged.stagedPath, target);
      await syncFolder(dirname(target));
      await syncFolder(dirname(dirname(target)));
    },
    async discard(staged) {
      await rm(staged.stagedPath, { force: true });
    },
    async read(key, range) {
      const reading = range === undefined ? readFile(pathOf(key)) : readPart(pathOf(key), range);
      return await reading.catch((error: unknown) => {
        throw asStorageError(error);
      });
    },
    async list(prefix) {
      return await foldersOf(pathOf(prefix), prefix);
    },
    async removeAll(prefix) {
      await rm(pathOf(prefix), { recursive: true, force: true });
    },
    async check() {
      await access(staging, constants.W_OK);
    },
  };
}

async function writeStaged(
  source: Readable,
  stagedPath: string,
  options: { readonly maxBytes: number; readonly signal?: AbortSignal },
): Promise<StagedBlob> {
  const hash = createHash("sha256");
  let bytes = 0;
  const file = await open(stagedPath, "wx", 0o600);
  try {
    for await (const chunk of source as AsyncIterable<Buffer>) {
      options.signal?.throwIfAborted();
      bytes += chunk.length;
      if (bytes > options.maxBytes) {
        throw new HoldfastError(`a file may not be larger than ${Math.floor(options.maxBytes / 1024)} KB`, {
          code: "payload_too_large",
          class: "permanent_input",
        });
      }
      hash.update(chunk);
      await file.write(chunk);
    }
    await file.sync();
  } finally {
    await file.close();
  }
  return { bytes, sha256: hash.digest("hex"), stagedPath };
}

async function readPart(path: string, { start, end }: ByteRange): Promise<Uint8Array> {
  const bytes = new Uint8Array(Math.max(0, end - start));
  const file = await open(path, "r");
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
async function foldersOf(path: string, prefix: string): Promise<BlobFolder[]> {
  const entries = await readdir(path, { withFileTypes: true }).catch(noneWhereMissing);
  const folders: BlobFolder[] = [];
  for (const entry of entries) {
    if (!entry.isDirectory()) continue;
    const info = await stat(join(path, entry.name)).catch(() => undefined);
    if (info !== undefined) folders.push({ prefix: `${prefix}/${entry.name}`, modifiedMs: info.mtimeMs });
  }
  return folders;
}

function noneWhereMissing(error: unknown): never[] {
  if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
  throw error;
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function asStorageError(error: unknown): unknown {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ENOSPC" || code === "EDQUOT") {
    return new HoldfastError("there is no room left for recordings", {
      code: "storage_full",
      class: "capacity",
      scope: "service",
      retryAfterMs: 60_000,
      cause: error,
    });
  }
  if (code === "ENOENT") {
    return new HoldfastError("the stored bytes are gone", {
      code: "blob_missing",
      class: "permanent_input",
      cause: error,
    });
  }
  return error;
}
