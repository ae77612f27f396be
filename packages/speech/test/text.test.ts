import { describe, expect, it } from "vitest";
import { collapseRepetition } from "../src/recognise/text.ts";

describe("repetition", () => {
  it.each([
    ["", ""],
    ["  plain words.  ", "plain words."],
    ["no, no, no, I said", "no, no, no, I said"],
    ["the the the the the end", "the end"],
    ["I am here. I am here. I am here.", "I am here."],
    ["We go. I am, I am, I am late", "We go. I am late"],
    ["twice I am I am only", "twice I am I am only"],
    ["It is currently 1.0.0.0.0.0.0.0.0.0.0.", "It is currently 1.0."],
    ["hahahahahahaha, he said", "ha, he said"],
    ["on 1010101010 or 5555555555, 10,000,000,000 times", "on 1010101010 or 5555555555, 10,000,000,000 times"],
    ["a b c d e f g h i j A b c d e f g h i j a b c d e f g h i j k", "a b c d e f g h i j k"],
  ])("%s", (heard, kept) => {
    expect(collapseRepetition(heard)).toBe(kept);
  });

  it("of ten thousand words is dealt with quickly", () => {
    expect(collapseRepetition("go on ".repeat(5_000))).toBe("go on");
  });
});
