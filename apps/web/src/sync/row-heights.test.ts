import { expect, test } from "vitest";
import { RowHeights } from "./row-heights.ts";

test("what two rows agree on is guessed for the others, of this kind only", () => {
  const heights = new RowHeights();
  const day = heights.guess("day");
  heights.saw("recording", 120);
  heights.saw("recording", 120);
  expect(heights.guess("recording")).toBe(120);
  expect(heights.guess("day")).toBe(day);
});

test("one odd row changes nothing", () => {
  const heights = new RowHeights();
  heights.saw("recording", 120);
  heights.saw("recording", 120);
  heights.saw("recording", 142);
  expect(heights.guess("recording")).toBe(120);
  heights.saw("recording", 120);
  expect(heights.guess("recording")).toBe(120);
});

test("a screen that was turned is followed", () => {
  const heights = new RowHeights();
  for (const px of [120, 120, 120, 99, 99]) heights.saw("recording", px);
  expect(heights.guess("recording")).toBe(99);
});
