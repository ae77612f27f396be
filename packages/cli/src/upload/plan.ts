/**
 * Which files go where: `.bin` recordings as batches to the route of Omi clients, everything else one by one to ours. A name
 * that a server would refuse is refused here, before anything is sent.
 */
import { openAsBlob } from "node:fs";
import { stat } from "node:fs/promises";
import { basename } from "node:path";
import type { NamedFile } from "@holdfast/client";
import { isHoldfastError, parseRecordingName } from "@holdfast/contract";
import { EXIT, ExitError } from "../exit-codes.ts";

export interface UploadItem {
  readonly kind: "recordings" | "sound";
  readonly label: string;
  readonly files: readonly NamedFile[];
  readonly bytes: number;
}

/** Recordings of one request. */
const MAX_BATCH_FILES = 20;
const MAX_BATCH_BYTES = 64 * 1024 * 1024;

export async function planUploads(paths: readonly string[], nowMs: number): Promise<UploadItem[]> {
  const recordings: NamedFile[] = [];
  const items: UploadItem[] = [];
  for (const path of paths) {
    const file = await openFile(path);
    if (!file.name.endsWith(".bin")) {
      items.push({ kind: "sound", label: file.name, files: [file], bytes: file.content.size });
      continue;
    }
    try {
      parseRecordingName(file.name, nowMs);
    } catch (error) {
      throw isHoldfastError(error) ? new ExitError(`${path}: ${error.message}`, EXIT.rejected) : error;
    }
    recordings.push(file);
  }
  return [...batches(recordings), ...items];
}

async function openFile(path: string): Promise<NamedFile> {
  const isFile = await stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
  if (!isFile) throw new ExitError(`no such file: ${path}`, EXIT.usage);
  return { name: basename(path), content: await openAsBlob(path) };
}

function batches(files: readonly NamedFile[]): UploadItem[] {
  const items: UploadItem[] = [];
  let batch: NamedFile[] = [];
  let bytes = 0;
  const flush = (): void => {
    const label = batch.length === 1 ? (batch[0]?.name ?? "") : `${batch.length} recordings`;
    if (batch.length > 0) items.push({ kind: "recordings", label, files: batch, bytes });
    batch = [];
    bytes = 0;
  };
  for (const file of files) {
    if (batch.length === MAX_BATCH_FILES || bytes + file.content.size > MAX_BATCH_BYTES) flush();
    batch.push(file);
    bytes += file.content.size;
  }
  flush();
  return items;
}
