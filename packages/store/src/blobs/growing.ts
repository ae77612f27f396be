/**
 * A blob that arrives in steps, over days and processes. Only what `flush` returned is durable; whoever goes on later names
 * that number, and whatever lies behind it in the file is cut off. The SHA-256 is carried along, and computed again from the
 * bytes where nobody remembers it. After a failed `append` its digest and its bytes may differ: close it.
 */
import { createHash, type Hash } from "node:crypto";
import { dirname } from "node:path";
import { thrownAsStorageError } from "./failures.ts";
import { type FileSystem, type OpenFile, syncFolders, writeAll } from "./file-system.ts";
import type { BlobPrefix, GrowingBlob } from "./port.ts";

const READ_BYTES = 1024 * 1024;

/** Opens the file at `path` to write behind its first `from.bytes` bytes; a new one where that is 0. */
export async function growFile(
  files: FileSystem,
  path: string,
  from: BlobPrefix,
  copyFrom: string | undefined,
): Promise<GrowingBlob> {
  await files.mkdir(dirname(path), { recursive: true });
  if (copyFrom !== undefined) await files.copyFile(copyFrom, path);
  const file = await files.open(path, from.bytes === 0 ? "w+" : "r+", 0o600);
  try {
    // Cutting would lengthen a file that lost bytes, with zeros that nobody recorded.
    if ((await file.stat()).size < from.bytes) throw shorter();
    await file.truncate(from.bytes);
    const hash = from.hash?.copy() ?? (await hashOf(file, from.bytes));
    return growing(files, path, file, { bytes: from.bytes, hash });
  } catch (error) {
    await file.close();
    throw error;
  }
}

function growing(
  files: FileSystem,
  path: string,
  file: OpenFile,
  start: { readonly bytes: number; readonly hash: Hash },
): GrowingBlob {
  let { bytes, hash } = start;
  let entryIsDurable = false;
  return {
    bytes: () => bytes,
    async append(chunks) {
      const writing = writeAll(file, chunks, bytes);
      for (const chunk of chunks) hash.update(chunk);
      bytes += await writing.catch(thrownAsStorageError);
    },
    async flush() {
      const written = bytes;
      const entry = entryIsDurable ? [] : [syncFolders(files, dirname(path))];
      await Promise.all([file.datasync(), ...entry]).catch(thrownAsStorageError);
      entryIsDurable = true;
      return written;
    },
    prefix: () => ({ bytes, hash: hash.copy() }),
    async rewind(to) {
      await file.truncate(to.bytes);
      bytes = to.bytes;
      hash = to.hash?.copy() ?? (await hashOf(file, to.bytes));
    },
    sha256: () => hash.copy().digest("hex"),
    close: () => file.close(),
  };
}

async function hashOf(file: OpenFile, bytes: number): Promise<Hash> {
  const hash = createHash("sha256");
  const buffer = Buffer.allocUnsafe(Math.min(READ_BYTES, Math.max(1, bytes)));
  for (let at = 0; at < bytes; ) {
    const { bytesRead } = await file.read(buffer, 0, Math.min(buffer.length, bytes - at), at);
    if (bytesRead === 0) throw shorter();
    hash.update(buffer.subarray(0, bytesRead));
    at += bytesRead;
  }
  return hash;
}

function shorter(): Error {
  return Object.assign(new Error("a growing blob is shorter than was recorded"), { code: "ENOENT" });
}
