import { compareWords, wordErrors } from "@holdfast/testkit";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { normaliseWords, transcriptErrors } from "./wer.ts";

const word = fc.constantFrom("a", "b", "c", "d");
const words = fc.array(word, { maxLength: 12 });

describe("the distance between two texts", () => {
  it("is zero only between equal ones, the same both ways, and never above the longer one", () => {
    fc.assert(
      fc.property(words, words, (left, right) => {
        const errors = wordErrors(left, right);
        expect(errors === 0).toBe(left.join(" ") === right.join(" "));
        expect(wordErrors(right, left)).toBe(errors);
        expect(errors).toBeGreaterThanOrEqual(Math.abs(left.length - right.length));
        expect(errors).toBeLessThanOrEqual(Math.max(left.length, right.length));
      }),
    );
  });

  it("is at most the number of changes made, and each is told once", () => {
    const change = fc.tuple(fc.constantFrom("insert", "delete", "exchange"), fc.nat(20), word);
    fc.assert(
      fc.property(words, fc.array(change, { maxLength: 5 }), (said, changes) => {
        const heard = [...said];
        for (const [kind, at, other] of changes) {
          const place = Math.min(at, heard.length);
          heard.splice(place, kind === "insert" ? 0 : 1, ...(kind === "delete" ? [] : [other]));
        }
        const { errors, differences } = compareWords(said, heard);
        expect(errors).toBeLessThanOrEqual(changes.length);
        expect(differences).toHaveLength(errors);
      }),
    );
  });

  it("obeys the triangle", () => {
    fc.assert(
      fc.property(words, words, words, (a, b, c) => {
        expect(wordErrors(a, c)).toBeLessThanOrEqual(wordErrors(a, b) + wordErrors(b, c));
      }),
    );
  });

  it("names what differs, in order", () => {
    expect(compareWords(["ask", "not", "what"], ["as", "not", "you", "what"])).toEqual({
      errors: 2,
      differences: ["ask→as", "-→you"],
    });
    expect(compareWords(["one", "two"], ["two"]).differences).toEqual(["one→-"]);
    expect(compareWords([], [])).toEqual({ errors: 0, differences: [] });
  });
});

describe("writing alike", () => {
  it.each([
    ["Ask not, what YOUR country -- can do!", "ask not what your country can do"],
    ["He’s 7, she's 42, it is 1905.", "hes seven shes forty two it is one thousand nine hundred five"],
    ["0 10 100 115 2000", "zero ten one hundred one hundred fifteen two thousand"],
    ["tatter'd and deserv'd", "tattered and deserved"],
    ["Thy self, my self", "thyself myself"],
    [
      "The organisation realised its colour in the grey centre",
      "the organization realized its color in the gray center",
    ],
    ["travelled, cancelling", "traveled canceling"],
    ["", ""],
  ])("%s", (text, alike) => {
    expect(normaliseWords(text).join(" ")).toBe(alike);
  });
});

describe("the errors of a transcript", () => {
  it("do not count a prefix, however much of it was heard", () => {
    for (const heard of ["Sonnet one from fairest", "one, from fairest", "From fairest"]) {
      expect(transcriptErrors("From fairest", heard, "Sonnet one")).toEqual({ errors: 0, differences: [], words: 2 });
    }
  });

  it("count everything else", () => {
    expect(transcriptErrors("From fairest creatures", "for fairest preachers", "Sonnet one")).toMatchObject({
      errors: 2,
      words: 3,
    });
    expect(transcriptErrors("a b", "")).toMatchObject({ errors: 2, words: 2 });
  });
});
