/** What models answer, good and bad, and what becomes of it. */
import { Structured } from "@holdfast/contract";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { extractObject, isoTime, parseAnswer } from "../../src/summary/llm/answer.ts";
import { areSame, chooseMemories } from "../../src/summary/llm/memories.ts";

const GOOD = {
  title: "Budget review",
  overview: "They reviewed the budget.",
  emoji: "💰",
  category: "finance",
  action_items: [{ description: "Send the report", due_at: "2025-05-16T17:00:00Z" }],
  events: [{ title: "Board meeting", description: "", start: "2025-05-20T10:00:00Z", duration: 60 }],
  memories: [{ content: "Owns a sailing boat.", category: "interesting" }],
  discard: false,
};
const parse = (answer: unknown, mayDiscard = true) => parseAnswer(JSON.stringify(answer), mayDiscard);

describe("parseAnswer", () => {
  it("takes a good answer as it is", () => {
    const summary = parse(GOOD);
    expect(summary?.structured).toMatchObject({
      title: "Budget review",
      emoji: "💰",
      category: "finance",
      action_items: [{ description: "Send the report", due_at: "2025-05-16T17:00:00.000Z", completed: false }],
      events: [{ title: "Board meeting", start: "2025-05-20T10:00:00.000Z", duration: 60, created: false }],
    });
    expect(summary).toMatchObject({ discard: false, memories: GOOD.memories });
  });

  it.each<[string, string]>([
    ["bare", JSON.stringify(GOOD)],
    ["fenced", `Here you are:\n\`\`\`json\n${JSON.stringify(GOOD, null, 2)}\n\`\`\`\nAnything else?`],
    ["fenced without a name", `\`\`\`\n${JSON.stringify(GOOD)}\n\`\`\``],
    ["among words", `Sure! ${JSON.stringify(GOOD)} Hope that helps.`],
    ["after thinking", `<think>{"title": "wrong"} hmm</think>${JSON.stringify(GOOD)}`],
  ])("finds the object: %s", (_, text) => {
    expect(parseAnswer(text, true)?.structured.title).toBe("Budget review");
  });

  it.each<[string, string]>([
    ["empty", ""],
    ["prose", "I cannot help with that."],
    ["broken JSON", '{"title": "Budget'],
    ["an array", "[1, 2]"],
    ["a string", '"Budget"'],
    ["null", "null"],
    ["no title", '{"overview": "text"}'],
    ["blank title", '{"title": "  \\n "}'],
    ["title of another type", '{"title": 7}'],
  ])("cannot use %s", (_, text) => {
    expect(parseAnswer(text, true)).toBeUndefined();
  });

  it("repairs or drops single fields", () => {
    const summary = parse({
      title: '"Budget\nreview"',
      category: "Finance ",
      emoji: "money 💰💸",
      overview: 7,
      action_items: ["Call Ann", { description: "Pay", due_at: "soon" }, { description: " " }, 7, null],
      events: [
        { title: "No start" },
        { title: "Bad start", start: "tomorrow" },
        { title: "Long", start: "2025-05-20 10:00", duration: "900" },
        { title: "Odd", start: "2025-05-20T10:00:00+02:00", duration: "x", description: null },
      ],
      memories: "none",
    });
    expect(summary?.structured).toMatchObject({
      title: "Budget review",
      category: "finance",
      emoji: "💰",
      overview: "",
    });
    expect(summary?.structured.action_items.map(({ description, due_at }) => [description, due_at])).toEqual([
      ["Call Ann", null],
      ["Pay", null],
    ]);
    expect(summary?.structured.events.map(({ title, start, duration }) => [title, start, duration])).toEqual([
      ["Long", "2025-05-20T10:00:00.000Z", 180],
      ["Odd", "2025-05-20T08:00:00.000Z", 30],
    ]);
    expect(summary?.memories).toEqual([]);
  });

  it("turns an unknown category into other, and takes its emoji where none was given", () => {
    expect(parse({ title: "T", category: "gossip" })?.structured).toMatchObject({ category: "other", emoji: "🧠" });
    expect(parse({ title: "T", category: "health", emoji: "x" })?.structured).toMatchObject({ emoji: "🩺" });
  });

  it("obeys discard only where it may", () => {
    expect(parse({ discard: true })).toMatchObject({ discard: true, structured: { title: "" }, memories: [] });
    expect(parse({ discard: true }, false)).toBeUndefined();
    expect(parse({ ...GOOD, discard: true }, false)).toMatchObject({ discard: false });
    expect(parse({ ...GOOD, discard: "true" })).toMatchObject({ discard: false });
  });

  it("bounds what a model can make us store", () => {
    const long = "word ".repeat(20_000);
    const many = Array.from({ length: 500 }, (_, index) => ({ description: `${index} ${long}`, due_at: null }));
    const summary = parse({ title: long, overview: long, action_items: many });
    expect(summary?.structured.title.length).toBeLessThanOrEqual(100);
    expect(summary?.structured.overview.length).toBeLessThanOrEqual(4_000);
    expect(summary?.structured.action_items).toHaveLength(50);
    expect(summary?.structured.action_items.every(({ description }) => description.length <= 500)).toBe(true);
  });

  it("never throws, and what it gives is valid", () => {
    const answer = fc.record(
      {
        title: fc.jsonValue(),
        category: fc.jsonValue(),
        emoji: fc.string(),
        action_items: fc.jsonValue(),
        events: fc.jsonValue(),
        memories: fc.jsonValue(),
        discard: fc.jsonValue(),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(
        fc.oneof(
          answer.map((value) => JSON.stringify(value)),
          fc.string(),
        ),
        fc.boolean(),
        (text, mayDiscard) => {
          const summary = parseAnswer(text, mayDiscard);
          if (summary !== undefined) expect(Structured.parse(summary.structured)).toEqual(summary.structured);
        },
      ),
    );
  });
});

describe("extractObject", () => {
  it("gives undefined where there is no object", () => {
    expect(extractObject("}{")).toBeUndefined();
    expect(extractObject("```json\nnope\n```")).toBeUndefined();
  });
});

describe("isoTime", () => {
  it.each<[unknown, string | undefined]>([
    ["2025-05-16", "2025-05-16T23:59:00.000Z"],
    ["2025-05-16T10:00", "2025-05-16T10:00:00.000Z"],
    ["2025-05-16 10:00:30", "2025-05-16T10:00:30.000Z"],
    ["2025-05-16T10:00:00.5Z", "2025-05-16T10:00:00.500Z"],
    ["2025-05-16T10:00:00+0200", "2025-05-16T08:00:00.000Z"],
    ["2025-13-40", undefined],
    ["Friday", undefined],
    [1_747_389_600, undefined],
    [null, undefined],
  ])("%s", (value, expected) => {
    expect(isoTime(value)).toBe(expected);
  });
});

describe("memories", () => {
  const fact = (content: string, category = "interesting") => ({ content, category });

  it("takes two of each kind at most", () => {
    const chosen = chooseMemories([
      fact("Owns a sailing boat."),
      fact("Speaks Finnish fluently."),
      fact("Climbed Kilimanjaro once."),
      fact("Prefers tea over coffee.", "system"),
      fact("Works from Lisbon.", "system"),
      fact("Has three cats.", "system"),
    ]);
    expect(chosen.map(({ category }) => category)).toEqual(["interesting", "interesting", "system", "system"]);
  });

  it("drops repetitions, long ones and nonsense", () => {
    const chosen = chooseMemories([
      fact("Owns a red sailing boat."),
      fact("The user owns a sailing boat"),
      fact("word ".repeat(30)),
      fact(" "),
      7,
      "Prefers tea.",
      { content: "Likes rain.", category: "other" },
    ]);
    expect(chosen).toEqual([
      { content: "Owns a red sailing boat.", category: "interesting" },
      { content: "Prefers tea.", category: "system" },
      { content: "Likes rain.", category: "system" },
    ]);
  });

  it("compares by words", () => {
    expect(areSame("Owns a boat", "owns the BOAT")).toBe(true);
    expect(areSame("Owns a boat", "Owns a house in Spain")).toBe(false);
    expect(areSame("船を持つ", "猫が好き")).toBe(false);
  });
});
