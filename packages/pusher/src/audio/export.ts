/**
 * An export: sound that is durable elsewhere becomes Opus files, one a part, and then rows. Live audio of a conversation and the
 * pieces that an upload brought to one are exports of their own, each by its own job. Bytes are durable before a row names
 * them, and their names are functions of the export, so a run that takes over writes the same files again. Whoever finds the
 * conversation deleted removes what was made. What the upload's files were kept for is done with its last export; they go then.
 */
import { Readable } from "node:stream";
import { HoldfastError, parseRecordingName } from "@holdfast/contract";
import {
  completeExport,
  conversationChunks,
  deterministicUuid,
  type ExportedPart,
  exportedUpload,
  findJob,
  folderOfExport,
  isUploadSpent,
  type Job,
  livingConversation,
  loadUploadFiles,
  type PieceSound,
  piecesOfExport,
  type UploadedFile,
  uploadFolder,
} from "@holdfast/store";
import type { AudioEnd, AudioRun } from "./jobs.ts";
import type { ExportItem, SoundRequest } from "./protocol.ts";
import type { FileToKeep } from "./upload-sound.ts";

/** Chunks read at a time: a minute or so. */
const PAGE_CHUNKS = 120;
/** Far above what two hours of Opus take. */
const MAX_PART_BYTES = 512 * 1024 * 1024;

export async function exportSound(run: AudioRun): Promise<AudioEnd> {
  const { db, job, clock, signal } = run;
  const upload = exportedUpload(job);
  try {
    const isThere = (await livingConversation(db, job.userId, job.conversationId)) !== undefined;
    const items = upload === undefined ? liveItems(run) : uploadItems(run, upload);
    const parts = isThere ? await storeParts(run, items) : [];
    signal.throwIfAborted();
    const outcome = await completeExport(db, job, parts, clock.now());
    if (outcome !== "stored") await removeUnwanted(run);
    if (upload !== undefined && outcome !== "lease_lost") await releaseUpload(run, upload);
    return { outcome, parts: parts.length, bytes: parts.reduce((sum, part) => sum + part.bytes, 0) };
  } catch (error) {
    // Another run may have found it deleted, and removed what was there, before this one wrote its last part.
    if (signal.aborted) await removeUnwanted(run);
    throw error;
  }
}

async function removeUnwanted({ db, blobs, job }: AudioRun): Promise<void> {
  if ((await livingConversation(db, job.userId, job.conversationId)) !== undefined) return;
  await blobs.removeAll(folderOfExport(job));
}

/** The export is done, whatever comes of this: a worker sweeps what stays. */
async function releaseUpload({ db, blobs, job }: AudioRun, uploadJobId: string): Promise<void> {
  try {
    if (await isUploadSpent(db, job.userId, uploadJobId)) await blobs.removeAll(uploadFolder(uploadJobId));
  } catch {
    // The sweep meets the same trouble, and says so.
  }
}

async function* liveItems(run: AudioRun): AsyncGenerator<readonly ExportItem[], void> {
  const { db, job, signal } = run;
  for await (const chunks of conversationChunks(db, job.userId, job.conversationId ?? "", PAGE_CHUNKS)) {
    signal.throwIfAborted();
    yield await itemsOf(run, { type: "export", chunks });
  }
  yield await itemsOf(run, { type: "export_end" });
}

async function* uploadItems(run: AudioRun, uploadJobId: string): AsyncGenerator<readonly ExportItem[], void> {
  const { db, job, desk, signal } = run;
  const upload = await findJob(db, job.userId, uploadJobId);
  const files = await loadUploadFiles(db, job.userId, uploadJobId);
  for (const [key, pieces] of Map.groupBy(await piecesOfExport(db, job), ({ file }) => file)) {
    const uploaded = files.find(({ blobKey }) => blobKey === key);
    await desk.ask({ type: "export_file", file: await fileToKeep(run, upload, uploaded, pieces) });
    for (;;) {
      signal.throwIfAborted();
      const answer = await desk.ask({ type: "export_next" });
      if (answer.type !== "items") break;
      yield answer.items;
    }
  }
  yield await itemsOf(run, { type: "export_end" });
}

async function fileToKeep(
  { blobs }: AudioRun,
  upload: Job | undefined,
  file: UploadedFile | undefined,
  pieces: readonly PieceSound[],
): Promise<FileToKeep> {
  if (upload === undefined || file === undefined) {
    throw new HoldfastError("the upload has no such file", { code: "blob_missing", class: "permanent_input" });
  }
  // Its time was checked when it came.
  const name = upload.payload.kind === "sound" ? undefined : parseRecordingName(file.name, Number.POSITIVE_INFINITY);
  return { key: file.blobKey, bytes: await blobs.read(file.blobKey), name, pieces };
}

async function itemsOf({ desk }: AudioRun, request: SoundRequest): Promise<readonly ExportItem[]> {
  const answer = await desk.ask(request);
  return answer.type === "items" ? answer.items : [];
}

async function storeParts(run: AudioRun, pages: AsyncGenerator<readonly ExportItem[], void>): Promise<ExportedPart[]> {
  const parts: ExportedPart[] = [];
  let startedAtMs = 0;
  let bytes: Uint8Array[] = [];
  for await (const items of pages) {
    for (const item of items) {
      if (item.kind === "bytes") bytes.push(item.bytes);
      else if (item.kind === "part") {
        startedAtMs = item.startedAtMs;
        bytes = [];
      } else {
        parts.push(await storePart(run, { ...item, startedAtMs, ordinal: parts.length }, bytes));
        bytes = [];
      }
    }
  }
  return parts;
}

async function storePart(
  { blobs, job, signal }: AudioRun,
  part: Pick<ExportedPart, "startedAtMs" | "ordinal" | "samples" | "capturedSamples">,
  bytes: readonly Uint8Array[],
): Promise<ExportedPart> {
  const origin = exportedUpload(job) === undefined ? (job.conversationId ?? "") : job.id;
  const id = deterministicUuid(job.userId, origin, "audio_file", part.ordinal, Math.round(part.startedAtMs));
  const blobKey = `${folderOfExport(job)}/${id}.opus`;
  const staged = await blobs.stage(Readable.from(bytes), { maxBytes: MAX_PART_BYTES, signal });
  await blobs.commit(staged, blobKey);
  const { ordinal, startedAtMs, samples, capturedSamples } = part;
  return { id, ordinal, startedAtMs, samples, capturedSamples, bytes: staged.bytes, blobKey };
}
