/** Offline speech joins below 120 s and splits at 120 s, whatever the order of arrival. */
import { assignStretches } from "@holdfast/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const GAP = 120_000;
const at = (startS: number, endS: number) => ({ startMs: startS * 1000, endMs: endS * 1000 });
const name = (first: { startMs: number }): string => `new-${first.startMs}`;

describe("assignStretches", () => {
  it("joins at 119 s and splits at 120 s", () => {
    const joined = assignStretches([], [at(0, 10), at(129, 140)], GAP, name);
    expect(joined).toMatchObject([{ conversationId: "new-0", isNew: true, span: { startMs: 0, endMs: 140_000 } }]);
    expect(assignStretches([], [at(0, 10), at(130, 140)], GAP, name)).toHaveLength(2);
  });

  it("continues a known conversation and moves its start back", () => {
    const known = [{ id: "k", startMs: 100_000, endMs: 200_000 }];
    expect(assignStretches(known, [at(50, 60)], GAP, name)).toMatchObject([
      { conversationId: "k", isNew: false, span: { startMs: 50_000, endMs: 200_000 } },
    ]);
  });

  it("takes the earliest of several in reach", () => {
    const known = [
      { id: "late", startMs: 200_000, endMs: 210_000 },
      { id: "early", startMs: 0, endMs: 100_000 },
    ];
    expect(assignStretches(known, [at(150, 160)], GAP, name)[0]?.conversationId).toBe("early");
  });

  it("gives every stretch exactly one home, in capture order, independent of the order of arrival", () => {
    const stretch = fc.tuple(fc.integer({ min: 0, max: 5_000 }), fc.integer({ min: 1, max: 60 }));
    fc.assert(
      fc.property(fc.uniqueArray(stretch, { maxLength: 25, selector: ([start]) => start }), (list) => {
        const stretches = list.map(([start, length]) => at(start, start + length));
        const forward = assignStretches([], stretches, GAP, name);
        const backward = assignStretches([], [...stretches].reverse(), GAP, name);
        expect(backward).toEqual(forward);
        expect(forward.flatMap((item) => item.stretches)).toHaveLength(stretches.length);
        const inOrder = [...forward].sort((x, y) => x.span.startMs - y.span.startMs);
        for (const [index, item] of inOrder.entries()) {
          const next = inOrder[index + 1];
          if (next !== undefined) expect(next.span.startMs - item.span.endMs).toBeGreaterThanOrEqual(GAP);
        }
      }),
    );
  });
});
