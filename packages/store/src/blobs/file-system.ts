/**
 * The calls of the operating system that the blob folder is made of. They are passed in, so that a test can let a disk run full
 * at each of them.
 */
import * as fs from "node:fs/promises";
import { dirname } from "node:path";

export type FileSystem = Pick<
  typeof fs,
  "access" | "copyFile" | "link" | "mkdir" | "open" | "readdir" | "readFile" | "rename" | "rm" | "stat"
>;
export type OpenFile = fs.FileHandle;

export const nodeFiles: FileSystem = fs;

/** Writes all of it. One call of the system may write less than it was given, near the end of a disk for one. */
export async function writeAll(file: OpenFile, chunks: readonly Uint8Array[], position?: number): Promise<number> {
  let left = [...chunks];
  let done = 0;
  while (left.length > 0) {
    const { bytesWritten } = await file.writev(left, position === undefined ? undefined : position + done);
    done += bytesWritten;
    left = behind(left, bytesWritten);
  }
  return done;
}

function behind(chunks: readonly Uint8Array[], bytes: number): Uint8Array[] {
  let skipped = bytes;
  const rest: Uint8Array[] = [];
  for (const chunk of chunks) {
    const from = Math.min(skipped, chunk.length);
    skipped -= from;
    if (from < chunk.length) rest.push(chunk.subarray(from));
  }
  return rest;
}

/** Makes the entries of a folder durable, and its own entry in the folder above. */
export async function syncFolders(files: FileSystem, path: string): Promise<void> {
  await Promise.all([syncFolder(files, path), syncFolder(files, dirname(path))]);
}

async function syncFolder(files: FileSystem, path: string): Promise<void> {
  const folder = await files.open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
