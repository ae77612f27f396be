/** Counters of an offline job: what they add up to, and that they survive the row. */
import { SyncJobView } from "@holdfast/contract";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { FileErrorCode } from "../src/sync/codes.ts";
import {
  fileDone,
  newProgress,
  pieceDone,
  pieceLost,
  progressRow,
  readProgress,
  type SyncProgress,
  segmentCounts,
  touchedIds,
  withTouched,
} from "../src/sync/progress.ts";

type Event =
  | { readonly type: "done" }
  | { readonly type: "lost"; readonly code: FileErrorCode }
  | { readonly type: "file"; readonly code: FileErrorCode | undefined }
  | { readonly type: "touched"; readonly created: string[]; readonly updated: string[]; readonly merged: string[] };

const code = fc.constantFrom<FileErrorCode>("sync_invalid_audio", "sync_truncated_file", "stt_invalid_input");
const ids = fc.array(fc.constantFrom("a", "b", "c", "d"), { maxLength: 3 });
const event: fc.Arbitrary<Event> = fc.oneof(
  fc.constant<Event>({ type: "done" }),
  code.map((value): Event => ({ type: "lost", code: value })),
  fc.option(code, { nil: undefined }).map((value): Event => ({ type: "file", code: value })),
  fc.tuple(ids, ids, ids).map(([created, updated, merged]): Event => ({ type: "touched", created, updated, merged })),
);

function apply(progress: SyncProgress, next: Event): SyncProgress {
  switch (next.type) {
    case "done":
      return pieceDone(progress, progress.doneSamples + 10);
    case "lost":
      return pieceLost(progress, progress.doneSamples + 10, next.code);
    case "file":
      return progress.doneFiles < progress.totalFiles
        ? fileDone(progress, next.code, { frames: 7, droppedFrames: 2, droppedBytes: 3 })
        : progress;
    case "touched":
      return withTouched(progress, next);
    default:
      return next satisfies never;
  }
}

const history = fc.tuple(fc.integer({ min: 0, max: 5 }), fc.array(event, { maxLength: 30 }));

describe("progress", () => {
  test("counts add up, totals never shrink, at the end everything is processed", () => {
    fc.assert(
      fc.property(history, ([files, events]) => {
        let progress = newProgress(files);
        let total = segmentCounts(progress).total_segments;
        expect(total).toBe(files);
        for (const next of events) {
          const after = apply(progress, next);
          const counts = segmentCounts(after);
          expect(counts.processed_segments).toBe(counts.successful_segments + counts.failed_segments);
          expect(counts.failed_segments).toBe(after.errors.length);
          // A clean file without any piece is the only way to lose an announced segment.
          const emptyFile = next.type === "file" && next.code === undefined;
          expect(counts.total_segments).toBeGreaterThanOrEqual(emptyFile ? total - 1 : total);
          if (after.doneFiles === files) expect(counts.total_segments).toBe(counts.processed_segments);
          total = counts.total_segments;
          progress = after;
        }
      }),
    );
  });

  test("a row read back is the same progress", () => {
    fc.assert(
      fc.property(history, ([files, events]) => {
        const progress = events.reduce(apply, newProgress(files));
        expect(readProgress(JSON.parse(JSON.stringify(progressRow(progress))), files)).toEqual(progress);
      }),
    );
  });

  test("the counters in the row are those of the contract's view", () => {
    const row = progressRow(pieceLost(pieceDone(newProgress(3), 10), 20, "stt_invalid_input"));
    const view = { job_id: "j", status: "processing", lane: "fresh", ...row };
    expect(SyncJobView.parse(view)).toMatchObject({
      total_segments: 5,
      processed_segments: 2,
      successful_segments: 1,
      failed_segments: 1,
    });
  });

  test.each([
    ["nothing stored", null],
    ["an empty row", {}],
    ["nonsense", { done_files: "two", done_samples: -4, new_memories: [1, "a"], file_errors: [null, { file: 0 }, 3] }],
  ])("reads %s as a beginning", (_, row) => {
    const progress = readProgress(row, 2);
    expect(progress).toMatchObject({
      totalFiles: 2,
      doneFiles: 0,
      doneSamples: 0,
      successful: 0,
      failed: 0,
      errors: [],
    });
  });

  test("never believes in more files than there are", () => {
    expect(readProgress({ done_files: 9 }, 2).doneFiles).toBe(2);
  });

  test("a conversation that the job created is not also updated by it", () => {
    const first = withTouched(newProgress(2), { created: ["b"], updated: ["x"], merged: [] });
    const second = withTouched(first, { created: [], updated: ["b", "a"], merged: [] });
    expect(second.created).toEqual(["b"]);
    expect(second.updated).toEqual(["a", "x"]);
    expect(touchedIds(second)).toEqual(["a", "b", "x"]);
  });

  test("a conversation that became part of another is forgotten", () => {
    const first = withTouched(newProgress(2), { created: ["b", "c"], updated: ["x", "y"], merged: [] });
    const second = withTouched(first, { created: [], updated: ["b"], merged: ["c", "y"] });
    expect(second).toMatchObject({ created: ["b"], updated: ["x"] });
  });

  test("frames are counted over all files", () => {
    const first = fileDone(newProgress(2), undefined, { frames: 10, droppedFrames: 0, droppedBytes: 0 });
    const second = fileDone(first, "sync_truncated_file", { frames: 5, droppedFrames: 1, droppedBytes: 9 });
    expect(progressRow(second)).toMatchObject({ frames: 15, dropped_frames: 1, dropped_bytes: 9 });
  });

  test("the next file begins at its first sample, and errors name their file", () => {
    const first = fileDone(pieceDone(newProgress(2), 500), "sync_truncated_file");
    expect(first).toMatchObject({ doneFiles: 1, doneSamples: 0 });
    expect(pieceLost(first, 10, "stt_invalid_input").errors).toEqual([
      { file: 0, code: "sync_truncated_file" },
      { file: 1, code: "stt_invalid_input" },
    ]);
  });
});
