/** Times in speech, relative to Wednesday 14 May 2025, 10:00 UTC. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { findWhen } from "../../src/summary/basic/when.ts";
import { WEDNESDAY } from "../said.ts";

describe("findWhen", () => {
  it.each<[string, string]>([
    ["tomorrow", "2025-05-15T23:59"],
    ["today", "2025-05-14T23:59"],
    ["by the end of the day", "2025-05-14T23:59"],
    ["tonight", "2025-05-14T20:00"],
    ["tomorrow morning", "2025-05-15T09:00"],
    ["the day after tomorrow", "2025-05-16T23:59"],
    ["by Friday", "2025-05-16T23:59"],
    ["on Wednesday", "2025-05-21T23:59"],
    ["next Friday", "2025-05-23T23:59"],
    ["next Monday at 5 pm", "2025-05-19T17:00"],
    ["on Sunday", "2025-05-18T23:59"],
    ["next Sunday", "2025-05-25T23:59"],
    ["next week", "2025-05-19T23:59"],
    ["by the end of the week", "2025-05-16T23:59"],
    ["at 5 pm", "2025-05-14T17:00"],
    ["at 9 a.m.", "2025-05-15T09:00"],
    ["at 12 am", "2025-05-15T00:00"],
    ["at 12:30 pm", "2025-05-14T12:30"],
    ["at 17:45", "2025-05-14T17:45"],
    ["tomorrow at noon", "2025-05-15T12:00"],
    ["in two hours", "2025-05-14T12:00"],
    ["in an hour", "2025-05-14T11:00"],
    ["in 30 minutes", "2025-05-14T10:30"],
    ["in three days", "2025-05-17T23:59"],
    ["in a week at 8 am", "2025-05-21T08:00"],
    ["on June 3rd", "2025-06-03T23:59"],
    ["on the 3rd of June at 2 pm", "2025-06-03T14:00"],
    ["March 5", "2026-03-05T23:59"],
    ["MAY THE 14TH", "2025-05-14T23:59"],
  ])("%s", (text, expected) => {
    const found = findWhen(text, WEDNESDAY);
    expect(found === undefined ? undefined : new Date(found.ms).toISOString().slice(0, 16)).toBe(expected);
  });

  it.each(["at five", "at 5", "soon", "later", "some other time", "in the morning", "February 31", "", "in 2025"])(
    "%s is no clear time",
    (text) => {
      expect(findWhen(text, WEDNESDAY)).toBeUndefined();
    },
  );

  it("says what was said: a day, a time or both", () => {
    expect(findWhen("on Friday", WEDNESDAY)).toMatchObject({ hasDay: true, hasTime: false });
    expect(findWhen("at 5 pm", WEDNESDAY)).toMatchObject({ hasDay: false, hasTime: true });
    expect(findWhen("on Friday at 5 pm", WEDNESDAY)).toMatchObject({ hasDay: true, hasTime: true });
    expect(findWhen("on Friday evening", WEDNESDAY)).toMatchObject({ hasDay: true, hasTime: false });
  });

  it("never throws, and is never far before the moment it is relative to", () => {
    const words = fc.constantFrom(
      "in",
      "at",
      "by",
      "next",
      "friday",
      "may",
      "5",
      "31",
      "pm",
      "tomorrow",
      "week",
      "999",
      "days",
      ":",
    );
    fc.assert(
      fc.property(fc.array(words, { maxLength: 8 }), fc.integer({ min: 0, max: 4e12 }), (said, nowMs) => {
        const found = findWhen(said.join(" "), nowMs);
        if (found !== undefined) expect(found.ms).toBeGreaterThan(nowMs - 86_400_000);
      }),
    );
  });
});
