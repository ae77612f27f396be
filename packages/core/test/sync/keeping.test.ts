/** Which sound of an upload goes to which conversation, piece by piece. */
import { keptPieces, piecesInCaptureOrder } from "@holdfast/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const PAUSE_MS = 120_000;
const T0 = 1_700_000_000_000;

interface Piece {
  readonly file: string;
  readonly fromSample: number;
  readonly samples: number;
  readonly startedAtMs: number;
  readonly conversationId: string | null;
}

/** Pieces of one file that follow each other, each `seconds` long; `-` has no words. */
function pieces(homes: string, { file = "f", atMs = 0, seconds = 60 } = {}): Piece[] {
  return [...homes].map((home, i) => ({
    file,
    fromSample: i * seconds * 16_000,
    samples: seconds * 16_000,
    startedAtMs: T0 + atMs + i * seconds * 1_000,
    conversationId: home === "-" ? null : home,
  }));
}

/** What is kept, as it was written. */
function kept(all: readonly Piece[]): string {
  const homes = new Map(keptPieces(all, PAUSE_MS).map(({ piece, conversationId }) => [piece, conversationId]));
  return piecesInCaptureOrder(all)
    .map((piece) => homes.get(piece) ?? "-")
    .join("");
}

describe("a piece with words", () => {
  it("is kept with the conversation they went into", () => {
    expect(kept(pieces("AAB"))).toBe("AAB");
  });
});

describe("a piece without words", () => {
  it.each([
    ["A-A", "AAA", "is a pause between two of one conversation"],
    ["A--A", "AAAA", "as are two, as long as a pause may be"],
    ["A---A", "A---A", "but not more than that"],
    ["A-B", "A-B", "between two conversations is nobody's"],
    ["-A-", "-A-", "at the ends is nobody's"],
    ["A-B-A", "A-B-A", "is no pause of a conversation that another one parts"],
    ["---", "---", "among its like is nobody's"],
    ["", "", "that is not there is not kept"],
  ])("%s becomes %s: it %s", (given, expected) => {
    expect(kept(pieces(given))).toBe(expected);
  });

  it("may be a whole file between two others", () => {
    const minutes = [..."A-A"].flatMap((home, i) => pieces(home, { file: `${i}`, atMs: i * 60_000 }));
    expect(kept(minutes.reverse())).toBe("AAA");
  });

  it("of one file is no pause of another that began at the same moment", () => {
    expect(kept([...pieces("A-A", { file: "a" }), ...pieces("B-B", { file: "b" })])).toBe("AAABBB");
    expect(kept([...pieces("A-", { file: "a" }), ...pieces("-A", { file: "b" })])).toBe("AAAA");
    expect(kept([...pieces("A-", { file: "a" }), ...pieces("-B", { file: "b" })])).toBe("A--B");
  });
});

describe("the order", () => {
  it("is that of the files, then that within each, whatever way the times were rounded", () => {
    const file = (name: string, atMs: number) =>
      [0, 24_005, 48_011, 72_001].map((fromSample) => ({
        ...{ file: name, fromSample, samples: 24_000, conversationId: null },
        startedAtMs: Math.floor(T0 + atMs + fromSample / 16),
      }));
    const expected = [...file("z", 0), ...file("a", 1)];
    const shuffled = fc.shuffledSubarray(expected, { minLength: expected.length });
    fc.assert(
      fc.property(shuffled, (given) => {
        expect(piecesInCaptureOrder(given)).toEqual(expected);
      }),
    );
  });

  it("of arrival changes nothing, and no piece is kept twice", () => {
    const homes = fc.string({ unit: fc.constantFrom("A", "B", "-"), maxLength: 12 });
    const given = homes.chain((text) =>
      fc.tuple(fc.constant(text), fc.shuffledSubarray(pieces(text), { minLength: text.length })),
    );
    fc.assert(
      fc.property(given, ([text, shuffled]) => {
        expect(kept(shuffled)).toBe(kept(pieces(text)));
        const all = keptPieces(shuffled, PAUSE_MS).map(({ piece }) => piece);
        expect(new Set(all).size).toBe(all.length);
        for (const piece of shuffled) if (piece.conversationId !== null) expect(all).toContain(piece);
      }),
    );
  });
});
