/** Whether a transcript holds a recording (reference client-sync 9.13). */
import { isCovered, PAUSE_TOLERANCE_MS, type Span } from "@holdfast/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const START = 1_000_000;
const second = (from: number, to: number): Span => ({ startMs: START + from * 1_000, endMs: START + to * 1_000 });
/** A minute and forty seconds of sound. */
const RECORDING = second(0, 100);

describe("isCovered", () => {
  it.each<readonly [name: string, spans: readonly Span[], expected: boolean]>([
    ["nothing was understood", [], false],
    ["one span from edge to edge", [second(0, 100)], true],
    ["one span that reaches beyond both", [second(-50, 150)], true],
    ["pauses that are as long as they may be", [second(30, 40), second(70, 70.001)], true],
    ["a late beginning", [second(30.001, 100)], false],
    ["an early end", [second(0, 69.999)], false],
    ["a hole in the middle", [second(0, 30), second(60.001, 100)], false],
    ["the hole filled by a span that comes first in the list", [second(30, 61), second(0, 30), second(60, 100)], true],
    ["a short span within a long one", [second(0, 90), second(10, 20)], true],
    ["spans before and after it alone", [second(-20, 0), second(100, 120)], false],
  ])("%s", (_, spans, expected) => expect(isCovered(RECORDING, spans)).toBe(expected));

  it("does not take a silent transcript for one that holds a short recording", () => {
    const short = second(0, 20);
    expect(isCovered(short, [])).toBe(false);
    expect(isCovered(short, [second(-40, 0), second(20, 60)])).toBe(false);
    expect(isCovered(short, [second(10, 11)])).toBe(true);
  });

  it("agrees with walking over it second by second", () => {
    const spans = fc.array(fc.tuple(fc.integer({ min: -20, max: 120 }), fc.nat(40)), { maxLength: 8 });
    fc.assert(
      fc.property(spans, (list) => {
        let silence = 0;
        let longest = 0;
        let heard = false;
        for (let at = 0; at < 100; at += 1) {
          const isHeard = list.some(([from, length]) => from <= at && at < from + length);
          silence = isHeard ? 0 : silence + 1;
          longest = Math.max(longest, silence);
          heard ||= isHeard;
        }
        const covered = isCovered(
          RECORDING,
          list.filter(([, length]) => length > 0).map(([from, length]) => second(from, from + length)),
        );
        expect(covered).toBe(heard && longest * 1_000 <= PAUSE_TOLERANCE_MS);
      }),
      { numRuns: 500 },
    );
  });
});
