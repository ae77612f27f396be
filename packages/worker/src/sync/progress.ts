/**
 * How far an offline job is: kept in the job row, written in the transaction that stores the words it speaks of, shown to the
 * client, and read back by whoever takes the job over. Pure values; each function returns the next one.
 *
 * A segment, as counted here, is a piece of a recording that was sent to an engine or judged silent; a part of a file that
 * was lost (a torn tail, a file that does not decode, a piece that the engines refuse) is one failed segment. While files are
 * left, each of them counts as one segment to come, so `total_segments` only ever grows.
 */
import type { TouchedConversations } from "@holdfast/store";
import type { FileErrorCode } from "./codes.ts";

export interface SyncProgress {
  readonly totalFiles: number;
  readonly doneFiles: number;
  /** Samples of the file in work that are finished, at 16 kHz. */
  readonly doneSamples: number;
  readonly successful: number;
  readonly failed: number;
  readonly created: readonly string[];
  readonly updated: readonly string[];
  /** What was lost, by the file's place in capture order. */
  readonly errors: readonly { readonly file: number; readonly code: string }[];
  /** Of the finished files. */
  readonly frames: FrameCount;
}

/** What the container of a recording held. Every frame is counted, also those that could not be used. */
export interface FrameCount {
  /** Frames found, the dropped ones among them. */
  readonly frames: number;
  /** Frames that did not decode, or not as a whole. */
  readonly droppedFrames: number;
  /** Bytes behind the last frame that could be found. */
  readonly droppedBytes: number;
}

const NO_FRAMES: FrameCount = { frames: 0, droppedFrames: 0, droppedBytes: 0 };

export function newProgress(totalFiles: number): SyncProgress {
  const nothing = { doneFiles: 0, doneSamples: 0, successful: 0, failed: 0, created: [], updated: [], errors: [] };
  return { totalFiles, ...nothing, frames: NO_FRAMES };
}

/** A piece was transcribed or judged silent, up to `doneSamples` of its file. */
export function pieceDone(progress: SyncProgress, doneSamples: number): SyncProgress {
  return { ...progress, doneSamples, successful: progress.successful + 1 };
}

/** A piece is lost, up to `doneSamples` of its file. */
export function pieceLost(progress: SyncProgress, doneSamples: number, code: FileErrorCode): SyncProgress {
  return { ...withError(progress, code), doneSamples };
}

/** The file in work is finished; `code` says what of it is missing. */
export function fileDone(
  progress: SyncProgress,
  code: FileErrorCode | undefined,
  frames: FrameCount = NO_FRAMES,
): SyncProgress {
  const counted = code === undefined ? progress : withError(progress, code);
  return { ...counted, doneFiles: progress.doneFiles + 1, doneSamples: 0, frames: sum(progress.frames, frames) };
}

function sum(a: FrameCount, b: FrameCount): FrameCount {
  return {
    frames: a.frames + b.frames,
    droppedFrames: a.droppedFrames + b.droppedFrames,
    droppedBytes: a.droppedBytes + b.droppedBytes,
  };
}

function withError(progress: SyncProgress, code: FileErrorCode): SyncProgress {
  const error = { file: progress.doneFiles, code };
  return { ...progress, failed: progress.failed + 1, errors: [...progress.errors, error] };
}

/**
 * Adds the conversations that a piece reached, and forgets those that became part of them. One that this job created is not
 * also listed as updated.
 */
export function withTouched(progress: SyncProgress, touched: TouchedConversations): SyncProgress {
  const isThere = (id: string): boolean => !touched.merged.includes(id);
  const created = union(progress.created, touched.created).filter(isThere);
  const updated = union(progress.updated, touched.updated).filter((id) => isThere(id) && !created.includes(id));
  return { ...progress, created, updated };
}

function union(known: readonly string[], more: readonly string[]): string[] {
  return [...new Set([...known, ...more])].sort();
}

export function touchedIds(progress: SyncProgress): string[] {
  return union(progress.created, progress.updated);
}

export function segmentCounts(progress: SyncProgress): {
  readonly total_segments: number;
  readonly processed_segments: number;
  readonly successful_segments: number;
  readonly failed_segments: number;
} {
  const processed = progress.successful + progress.failed;
  return {
    total_segments: processed + progress.totalFiles - progress.doneFiles,
    processed_segments: processed,
    successful_segments: progress.successful,
    failed_segments: progress.failed,
  };
}

/** The row's form of it. */
export function progressRow(progress: SyncProgress): Record<string, unknown> {
  return {
    ...segmentCounts(progress),
    total_files: progress.totalFiles,
    done_files: progress.doneFiles,
    done_samples: progress.doneSamples,
    new_memories: progress.created,
    updated_memories: progress.updated,
    file_errors: progress.errors,
    frames: progress.frames.frames,
    dropped_frames: progress.frames.droppedFrames,
    dropped_bytes: progress.frames.droppedBytes,
  };
}

/** Reads a row back; what an earlier run did not store begins at nothing. */
export function readProgress(row: Readonly<Record<string, unknown>> | null, totalFiles: number): SyncProgress {
  if (row === null) return newProgress(totalFiles);
  return {
    totalFiles,
    doneFiles: Math.min(count(row.done_files), totalFiles),
    doneSamples: count(row.done_samples),
    successful: count(row.successful_segments),
    failed: count(row.failed_segments),
    created: strings(row.new_memories),
    updated: strings(row.updated_memories),
    errors: errorsOf(row.file_errors),
    frames: {
      frames: count(row.frames),
      droppedFrames: count(row.dropped_frames),
      droppedBytes: count(row.dropped_bytes),
    },
  };
}

function count(value: unknown): number {
  return typeof value === "number" && Number.isSafeInteger(value) && value > 0 ? value : 0;
}

function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === "string") : [];
}

function errorsOf(value: unknown): { file: number; code: string }[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((item: unknown) => {
    if (typeof item !== "object" || item === null || !("file" in item) || !("code" in item)) return [];
    return typeof item.code === "string" ? [{ file: count(item.file), code: item.code }] : [];
  });
}
