/** Where sentences begin and end, and that nothing said is lost or grows without bound. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sentencesOf, splitText } from "../../src/summary/basic/sentences.ts";
import { said } from "../said.ts";

describe("splitText", () => {
  it.each<[string, string[]]>([
    ["One. Two! Three? Four", ["One.", "Two!", "Three?", "Four"]],
    ["Dr. Smith came. He left.", ["Dr. Smith came.", "He left."]],
    ["We meet at 5 p.m. on Friday.", ["We meet at 5 p.m. on Friday."]],
    ["We meet at 5 p.m. Bring cake.", ["We meet at 5 p.m.", "Bring cake."]],
    ["It costs 3.50 euros.", ["It costs 3.50 euros."]],
    ["今天下雨。明天晴天！好吗？", ["今天下雨。", "明天晴天！", "好吗？"]],
    ["ما اسمك؟ أنا علي.", ["ما اسمك؟", "أنا علي."]],
    ["मैं ठीक हूँ। और तुम?", ["मैं ठीक हूँ।", "और तुम?"]],
    ["...", []],
    ["", []],
  ])("%s", (text, expected) => {
    expect(splitText(text)).toEqual(expected);
  });
});

describe("sentencesOf", () => {
  it("joins what one speaker says over several segments", () => {
    const [a, , b] = said("I think that", "", "we should go.");
    const same = [a, b].flatMap((segment) => (segment === undefined ? [] : [segment]));
    expect(sentencesOf(same).map(({ text }) => text)).toEqual(["I think that we should go."]);
  });

  it("ends a sentence where the speaker changes", () => {
    expect(sentencesOf(said("I think that", "no")).map(({ text }) => text)).toEqual(["I think that", "no"]);
  });

  it("cuts speech without punctuation into pieces of bounded length", () => {
    const text = Array.from({ length: 200 }, (_, index) => `word${index}`).join(" ");
    const sentences = sentencesOf(said(text));
    expect(sentences.length).toBe(5);
    expect(sentences.map((sentence) => sentence.text).join(" ")).toBe(text);
    expect(sentences.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4]);
  });

  it("reads the beginning and the end of a very long transcript", () => {
    const long = said(
      ...Array.from({ length: 4_000 }, (_, index) => `Sentence number ${index} is about something ${"x".repeat(60)}.`),
    );
    const texts = sentencesOf(long).map(({ text }) => text);
    expect(texts[0]).toContain("number 0 ");
    expect(texts.at(-1)).toContain("number 3999 ");
    expect(texts.join("").length).toBeLessThan(270_000);
  });

  it("never makes a piece longer than the bound, and loses no letter", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 3_000, unit: "grapheme" }), (text) => {
        const texts = sentencesOf(said(text)).map((sentence) => sentence.text);
        const letters = (value: string) => (value.normalize("NFC").match(/\p{L}/gu) ?? []).join("");
        expect(letters(texts.join(""))).toBe(letters(text));
        for (const piece of texts) expect([...piece].length).toBeLessThanOrEqual(600);
      }),
    );
  });
});
