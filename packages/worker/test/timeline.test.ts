/** From an engine's seconds to the time of the world. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { spokenSpans } from "../src/speech/timeline.ts";

const place = { sourceStartMs: 1_700_000_000_250, startSample: 16_000 * 60, sampleCount: 16_000 * 10 };

describe("spokenSpans", () => {
  test("adds the start of the recording and the place of the piece in it", () => {
    expect(spokenSpans(place, [{ start: 1.5, end: 2.25, text: "hello" }])).toEqual([
      { startMs: 1_700_000_061_750, endMs: 1_700_000_062_500, text: "hello" },
    ]);
  });

  test("puts utterances in order", () => {
    const spans = spokenSpans(place, [
      { start: 5, end: 6, text: "second" },
      { start: 1, end: 2, text: "first" },
    ]);
    expect(spans.map(({ text }) => text)).toEqual(["first", "second"]);
  });

  test("holds nothing that PostgreSQL would refuse", () => {
    const [span] = spokenSpans(place, [{ start: 0, end: 1, text: "a\0b\ud800" }]);
    expect(span?.text).toBe("ab\ufffd");
  });

  test.each([
    ["beyond the end", 12, 14, 10_000, 10_000],
    ["before the start", -3, 2, 0, 2_000],
    ["backwards", 4, 3, 4_000, 4_000],
    ["not a number", Number.NaN, Number.POSITIVE_INFINITY, 0, 0],
  ])("keeps times that are %s inside the piece", (_, start, end, fromMs, toMs) => {
    const [span] = spokenSpans({ ...place, sourceStartMs: 0, startSample: 0 }, [{ start, end, text: "x" }]);
    expect(span).toMatchObject({ startMs: fromMs, endMs: toMs });
  });

  test("never leaves the piece, never runs backwards, loses nothing", () => {
    const utterance = fc.record({ start: fc.double(), end: fc.double(), text: fc.string() });
    fc.assert(
      fc.property(fc.array(utterance), (utterances) => {
        const spans = spokenSpans({ sourceStartMs: 1_000, startSample: 160, sampleCount: 3_200 }, utterances);
        expect(spans).toHaveLength(utterances.length);
        let last = 0;
        for (const { startMs, endMs } of spans) {
          expect(startMs).toBeGreaterThanOrEqual(1_010);
          expect(endMs).toBeLessThanOrEqual(1_210);
          expect(endMs).toBeGreaterThanOrEqual(startMs);
          expect(startMs).toBeGreaterThanOrEqual(last);
          last = startMs;
        }
      }),
    );
  });
});
