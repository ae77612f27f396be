/** Short fillers, spoken words, and clocks that run ahead. */
import { commonShiftMs, relevanceOf, spokenText, wordsOf } from "@holdfast/core";
import { describe, expect, it } from "vitest";

const said = (text: string, seconds = 2) => ({ startMs: 0, endMs: seconds * 1000, text });

describe("relevanceOf", () => {
  it.each([
    ["Mm-hmm. Uh, hm.", 2, "review"],
    ["Hm hm hm hm hm hm hm hm hm hm hm hm", 15, "review"],
    ["Hm hm hm hm hm hm hm hm hm hm hm hm hm", 15, "keep"],
    ["Hm.", 15.1, "keep"],
    ["Hm, milk.", 2, "keep"],
    ["Да.", 1, "keep"],
    ["♪", 3, "keep"],
  ] as const)("%s in %d s: %s", (text, seconds, relevance) => {
    expect(relevanceOf([said(text, seconds)])).toBe(relevance);
  });

  it("looks at everything that was said", () => {
    expect(relevanceOf([said("Hm."), said("Uh-huh, mhm."), said("Oh.")])).toBe("review");
    expect(relevanceOf([said("Hm."), said("Buy milk.")])).toBe("keep");
    expect(relevanceOf([])).toBe("keep");
  });
});

describe("spoken words", () => {
  it("are the same however they are written", () => {
    expect(spokenText("  It’s  DONE, isn't it?")).toBe("it's done isn't it");
    expect(wordsOf("3 Äpfel – und 日本語!")).toEqual(["3", "äpfel", "und", "日本語"]);
    expect(wordsOf(" …")).toEqual([]);
  });
});

describe("commonShiftMs", () => {
  const SKEW = 300_000;
  it("moves a batch by one amount, so that its newest recording begins now", () => {
    expect(commonShiftMs([1_000, 61_000], 50_000, SKEW)).toBe(-11_000);
    expect(commonShiftMs([350_000], 50_000, SKEW)).toBe(-300_000);
  });

  it("moves nothing that lies in the past, too far ahead, or at a time that nobody knows", () => {
    expect(commonShiftMs([1_000, 50_000], 50_000, SKEW)).toBe(0);
    expect(commonShiftMs([1_000, 350_001], 50_000, SKEW)).toBe(0);
    expect(commonShiftMs([null, null], 50_000, SKEW)).toBe(0);
    expect(commonShiftMs([], 50_000, SKEW)).toBe(0);
    expect(commonShiftMs([null, 50_010], 50_000, SKEW)).toBe(-10);
  });
});
