import { describe, expect, it } from "vitest";
import { storedRetentionDays } from "./retention.ts";

describe("the days after which copies are removed", () => {
  it.each([
    [null, null],
    ["7", 7],
    ["0", null],
    ["-3", null],
    ["a week", null],
    ["7.5", null],
  ])("stored as %j are %j: what cannot be read keeps them", (stored, days) =>
    expect(storedRetentionDays({ note: () => stored })).toBe(days),
  );
});
