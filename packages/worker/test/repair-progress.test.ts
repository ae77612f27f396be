/** The place of a gap repair: it survives the row, and nothing in a row can move it out of the job's range. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { atRun, pieceDone, progressRow, readProgress } from "../src/repair/progress.ts";

const RANGE = { recording_session_id: "r1", from_message: 100, to_message: 500 };
const START = { fromMessage: 100, doneSamples: 0, segments: 0 };

describe("progress of a repair", () => {
  test("begins with the range, and a new run begins at its own first sample", () => {
    const first = readProgress(null, RANGE);
    expect(first).toEqual(START);
    const inside = pieceDone(atRun(first, 100), 1_600, 2);
    expect(inside).toEqual({ fromMessage: 100, doneSamples: 1_600, segments: 2 });
    expect(atRun(inside, 100)).toEqual(inside);
    expect(atRun(inside, 250)).toEqual({ fromMessage: 250, doneSamples: 0, segments: 2 });
  });

  test("survives the row", () => {
    const count = fc.integer({ min: 0, max: 1e9 });
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 499 }), count, count, (fromMessage, doneSamples, segments) => {
        const progress = { fromMessage, doneSamples, segments };
        expect(readProgress(JSON.parse(JSON.stringify(progressRow(progress))), RANGE)).toEqual(progress);
      }),
    );
  });

  test.each([
    [{}],
    [{ from_message: 99, done_samples: 5, segments: 1 }],
    [{ from_message: 500, done_samples: 5, segments: 1 }],
    [{ from_message: "200", done_samples: 5, segments: 1 }],
    [{ from_message: 100, done_samples: -5, segments: 1.5 }],
  ])("an odd row %o begins at nothing", (row) => {
    expect(readProgress(row, RANGE)).toEqual(START);
  });
});
