/** When a model is asked about a user, and what its opinion is worth: total tables, and no way around them. */
import { FAIR_USE } from "@holdfast/contract";
import {
  type ConversationGlimpse,
  isReadable,
  isViolation,
  MISUSE_TYPES,
  OPINION_TYPES,
  type Opinion,
  type RunFacts,
  stepRun,
  verdictOf,
  WORD_SIGNS,
  type WordSign,
} from "@holdfast/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const SIGNS = Object.keys(WORD_SIGNS) as WordSign[];

const sure: Opinion = { score: 0.9, type: "podcast", confidence: 0.8, signs: ["show_format"] };

function glimpse(characters: number): ConversationGlimpse {
  return {
    ...{ startedAtMs: 0, durationSeconds: 60, title: "", overview: "", category: "", speakers: 1, userShare: 0 },
    ...{ characters, samples: [] },
  };
}

describe("a run", () => {
  const bits = [false, true];
  const all: RunFacts[] = bits.flatMap((ours) =>
    bits.flatMap((limited) =>
      bits.flatMap((exceeded) =>
        bits.flatMap((model) => bits.map((readable) => ({ ours, limited, exceeded, model, readable }))),
      ),
    ),
  );

  it("is judged, or ends, as the table says, in all 32 cases", () => {
    const found = all.map((facts) => {
      const step = stepRun(facts);
      return "end" in step ? step.end : step.judge;
    });
    expect(found).toEqual([
      ...new Array<string>(16).fill("superseded"),
      ...new Array<string>(8).fill("not_limited"),
      ...new Array<string>(4).fill("within_limits"),
      ...["minutes", "minutes", "minutes", "model"],
    ]);
  });

  it("has a model asked only where there is something to read", () => {
    const enough = FAIR_USE.readableCharacters;
    expect(isReadable([])).toBe(false);
    expect(isReadable([glimpse(enough - 1)])).toBe(false);
    expect(isReadable([glimpse(enough - 1), glimpse(1)])).toBe(true);
  });
});

describe("an opinion", () => {
  it("is a violation only where it is sure, names a kind and says what it was seen by", () => {
    const rows: (readonly [Partial<Opinion>, boolean])[] = [
      [{}, true],
      [{ score: 0.7 }, true],
      [{ score: 0.69 }, false],
      [{ confidence: 0.6 }, true],
      [{ confidence: 0.59 }, false],
      [{ confidence: 0 }, false],
      [{ signs: [] }, false],
      [{ type: "none" }, false],
      [{ type: "unknown" }, true],
      [{ score: 1, confidence: 1, type: "none", signs: SIGNS }, false],
    ];
    for (const [over, violates] of rows)
      expect([over, isViolation(verdictOf({ ...sure, ...over }, []).score)]).toEqual([over, violates]);
  });

  it("is never more than what the model said, and keeps nothing but numbers under known names", () => {
    const opinion: fc.Arbitrary<Opinion> = fc.record({
      score: fc.double({ min: 0, max: 1, noNaN: true }),
      type: fc.constantFrom(...OPINION_TYPES),
      confidence: fc.double({ min: 0, max: 1, noNaN: true }),
      signs: fc.uniqueArray(fc.constantFrom(...SIGNS)),
    });
    const names = new Set<string>([...SIGNS, "confidence", "opinion", "conversations"]);
    fc.assert(
      fc.property(opinion, fc.nat(40), (given, count) => {
        const verdict = verdictOf(given, new Array<ConversationGlimpse>(count).fill(glimpse(1)));
        expect(verdict.score).toBeLessThanOrEqual(Math.round(given.score * 1000) / 1000);
        expect(verdict.score).toBeGreaterThanOrEqual(0);
        const weak = given.type === "none" || given.confidence < FAIR_USE.opinionConfidence || given.signs.length === 0;
        expect(isViolation(verdict.score)).toBe(!weak && Math.round(given.score * 1000) / 1000 >= 0.7);
        expect(verdict.evidence.conversations).toBe(count);
        for (const [name, value] of Object.entries(verdict.evidence)) {
          expect(names.has(name)).toBe(true);
          expect(Number.isFinite(value)).toBe(true);
        }
      }),
    );
  });

  it("may name every kind of misuse but the one that is a matter of money", () => {
    expect([...OPINION_TYPES, "free_exhausted"]).toEqual([...MISUSE_TYPES]);
  });
});
