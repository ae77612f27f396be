/** The merge rules of the reference, one by one, and what must hold for any input. */
import type { Segment } from "@holdfast/contract";
import { mergeSegments, sentences, unfinishedTail } from "@holdfast/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

function segment(over: Partial<Segment>): Segment {
  return {
    id: "a",
    text: "Hello.",
    speaker: "SPEAKER_00",
    speaker_id: 0,
    is_user: false,
    person_id: null,
    start: 0,
    end: 1,
    translations: [],
    speech_profile_processed: true,
    stt_provider: "x",
    ...over,
  };
}

const texts = (list: readonly Segment[]): string[] => list.map((item) => item.text);
const a = (over: Partial<Segment> = {}) => segment({ id: "a", start: 0, end: 2, ...over });
const b = (over: Partial<Segment> = {}) => segment({ id: "b", start: 2.5, end: 4, ...over });

describe("mergeSegments", () => {
  it("joins a near segment of the same speaker and keeps the first id", () => {
    const merged = mergeSegments([a({ text: "Hello there." })], [b({ text: "How are you?" })]);
    expect(merged).toMatchObject([{ id: "a", text: "Hello there. How are you?", start: 0, end: 4 }]);
  });

  it("joins below a gap of 3 s and splits at 3 s", () => {
    const near = b({ start: 4.99, end: 6, text: "Next." });
    const far = b({ start: 5, end: 6, text: "Next." });
    expect(mergeSegments([a({ text: "One." })], [near])).toHaveLength(1);
    expect(mergeSegments([a({ text: "One." })], [far])).toHaveLength(2);
  });

  it("leaves a long finished segment alone, and goes on with a long unfinished one", () => {
    const long = "word ".repeat(30).trim();
    expect(mergeSegments([a({ text: `${long}.` })], [b({ text: "More." })])).toHaveLength(2);
    expect(mergeSegments([a({ text: long })], [b({ text: "More." })])).toHaveLength(1);
  });

  it("joins what runs on in lower case whatever the gap", () => {
    const merged = mergeSegments([a({ text: "I was going" })], [b({ start: 60, end: 62, text: "to the market." })]);
    expect(texts(merged)).toEqual(["I was going to the market."]);
  });

  it("never joins different providers", () => {
    expect(mergeSegments([a({ stt_provider: "x" })], [b({ stt_provider: "y" })])).toHaveLength(2);
  });

  it("never joins backwards in time", () => {
    expect(mergeSegments([a({ start: 10, end: 12, text: "Later" })], [b({ start: 1, end: 2 })])).toHaveLength(2);
  });

  const other = (over: Partial<Segment>) => b({ speaker: "SPEAKER_01", speaker_id: 1, ...over });

  it("moves a short first sentence across a change of speaker", () => {
    const merged = mergeSegments(
      [a({ text: "We should really ship it on" })],
      [other({ text: "Friday. I agree with that." })],
    );
    expect(texts(merged)).toEqual(["We should really ship it on Friday.", "I agree with that."]);
  });

  it("absorbs a short unfinished piece of another speaker", () => {
    const merged = mergeSegments([a({ text: "We should really ship it" })], [other({ text: "on friday" })]);
    expect(merged).toMatchObject([{ id: "a", text: "We should really ship it on friday", end: 4 }]);
  });

  it("moves a short tail to the front of the next speaker, and drops a segment that is nothing but the tail", () => {
    const kept = mergeSegments(
      [a({ text: "That was it. So what" })],
      [other({ text: "do you think about this plan of ours?" })],
    );
    expect(texts(kept)).toEqual(["That was it.", "So what do you think about this plan of ours?"]);
    const gone = mergeSegments([a({ text: "So what" })], [other({ text: "do you think about this plan?" })]);
    expect(gone).toMatchObject([{ id: "b", text: "So what do you think about this plan?" }]);
  });

  it("tidies texts and passes over empty ones", () => {
    const merged = mergeSegments([], [a({ text: "  Well , yes  .  " }), b({ text: "   " })]);
    expect(texts(merged)).toEqual(["Well, yes."]);
  });

  it("loses no word, keeps ids unique and never inverts a span", () => {
    const word = fc.constantFrom("alpha", "Beta", "gamma", "Delta.", "epsilon?", "Zeta");
    const incoming = fc.array(
      fc.record({
        words: fc.array(word, { minLength: 1, maxLength: 8 }),
        gap: fc.double({ min: 0, max: 6, noNaN: true }),
        length: fc.double({ min: 0.1, max: 4, noNaN: true }),
        speaker: fc.constantFrom("SPEAKER_00", "SPEAKER_01"),
      }),
      { maxLength: 12 },
    );
    fc.assert(
      fc.property(incoming, (list) => {
        let at = 0;
        const raw = list.map((item, index) => {
          const start = at + item.gap;
          at = start + item.length;
          return segment({ id: `s${index}`, text: item.words.join(" "), start, end: at, speaker: item.speaker });
        });
        const merged = raw.reduce<Segment[]>((state, next) => mergeSegments(state, [next]), []);
        const spoken = (items: readonly Segment[]) => texts(items).join(" ").split(" ").sort();
        expect(spoken(merged)).toEqual(spoken(raw));
        expect(new Set(merged.map((item) => item.id)).size).toBe(merged.length);
        for (const item of merged) expect(item.end).toBeGreaterThanOrEqual(item.start);
      }),
    );
  });
});

describe("sentences", () => {
  it("splits at enders of several scripts and keeps them", () => {
    expect(sentences("One. Two! 三。four")).toEqual(["One.", "Two!", "三。", "four"]);
    expect(unfinishedTail("One. Two")).toBe("Two");
    expect(unfinishedTail("One. Two.")).toBe("");
  });
});
