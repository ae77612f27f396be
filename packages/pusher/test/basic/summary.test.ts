/** The built-in summary as a whole: titles people can use, honest overviews, and no input that breaks it. */
import { CATEGORIES, Structured } from "@holdfast/contract";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { categoryOf, emojiOf } from "../../src/summary/basic/category.ts";
import { summariseBasic } from "../../src/summary/basic/index.ts";
import { OVERVIEW_CHARACTERS } from "../../src/summary/basic/overview.ts";
import { cut, shorten, trimPhrase } from "../../src/summary/basic/phrase.ts";
import { TITLE_CHARACTERS, UNTITLED } from "../../src/summary/basic/title.ts";
import { inputOf, said, WEDNESDAY } from "../said.ts";

const summary = (...texts: string[]) => summariseBasic(inputOf(said(...texts))).structured;

const MEETING = [
  "Okay, so, um, thanks for joining. The hiring plan is late again, and the office lease ends in June.",
  "The hiring plan needs two more engineers. Marketing wants one designer, but the budget is not approved yet.",
  "Right. The office lease is the bigger problem. The landlord asks for twenty percent more than last year.",
  "I need to send the hiring plan to Anna by Friday. We could look at a smaller office near the station.",
  "The office lease must be decided this month. Remind me to call the landlord tomorrow.",
  "And the hiring plan depends on it, because engineers want to know where they will work.",
  "I agree. Without a decision on the office lease nobody can plan anything. The team has grown so much since winter.",
];

describe("title", () => {
  it.each<[string[], string]>([
    [
      ["And so my fellow Americans ask not what your country can do for you, ask what you can do for your country."],
      "My fellow Americans ask not what your country can do for you",
    ],
    [["Hi everybody. Let's talk about the quarterly budget. It is late."], "Quarterly budget"],
    [["Today we'll discuss our new pricing model, which is late."], "New pricing model"],
    [["Yeah. Um, okay. The kitchen sink is leaking again, you know."], "The kitchen sink is leaking again"],
    [["今天我们讨论了新的产品发布计划。市场部门需要准备广告。"], "今天我们讨论了新的产品发布计划"],
    [["Hoy hablamos del presupuesto de la empresa."], "Hoy hablamos del presupuesto de la empresa"],
    [["okay."], "Okay"],
  ])("%s", (texts, expected) => {
    expect(summary(...texts).title).toBe(expected);
  });

  it("names a longer conversation after what it keeps coming back to", () => {
    const { title } = summary(...MEETING);
    expect(title.toLowerCase()).toContain("hiring plan");
    expect(title.toLowerCase()).toContain("office lease");
  });
});

describe("overview", () => {
  it("takes whole sentences of a longer conversation in their order", () => {
    const { overview } = summary(...MEETING);
    const spoken = MEETING.join(" ").toLowerCase();
    const sentences = overview.match(/[^.?!]+[.?!]/gu) ?? [];
    expect(sentences.length).toBe(3);
    const places = sentences.map((sentence) => spoken.indexOf(sentence.trim().toLowerCase()));
    expect(places.every((place) => place >= 0)).toBe(true);
    expect(places).toEqual([...places].sort((a, b) => a - b));
  });

  it("is the whole of a short one, tidied", () => {
    expect(summary("Okay, so, um, the car is broken.").overview).toBe("The car is broken.");
  });
});

describe("category", () => {
  it.each<[string, string]>([
    ["The doctor said the medicine will help against the pain.", "health"],
    ["We deploy the software to the server and fix the bug in the database.", "technology"],
    ["The flight leaves at nine and the hotel is near the airport.", "travel"],
    ["My mother and my sister visit grandma with the whole family.", "family"],
    ["The team scored a goal in the second half of the match.", "sports"],
    ["Blah blah whatever.", "other"],
    ["今天我们讨论了。", "other"],
  ])("%s is %s", (text, expected) => {
    expect(categoryOf([text])).toBe(expected);
  });

  it("has an emoji for every category of the contract", () => {
    const symbols = CATEGORIES.map(emojiOf);
    expect(symbols.every((symbol) => /\p{Extended_Pictographic}/u.test(symbol))).toBe(true);
    expect(CATEGORIES.filter((name) => name !== "other" && emojiOf(name) === emojiOf("nonsense"))).toEqual([]);
  });
});

describe("discard", () => {
  it.each<[boolean, string]>([
    [true, "Yeah. Okay. Mhm."],
    [true, "Hello? Hello. Bye."],
    [true, "Thank you."],
    [true, ""],
    [false, "I need to call the plumber."],
    [false, "Ask not what your country can do for you."],
    [false, "The gate code is 4711."],
    [false, "Where is the ladder?"],
    [false, "我的电话号码变了。"],
  ])("%s: %s", (expected, text) => {
    expect(summariseBasic(inputOf(said(text))).discard).toBe(expected);
  });

  it("never discards what must be kept, and names it even without words", () => {
    const forced = (text: string) => summariseBasic(inputOf(said(text), { mayDiscard: false }));
    expect(forced("Yeah.")).toMatchObject({ discard: false, structured: { title: "Yeah" } });
    expect(forced("")).toMatchObject({ discard: false, structured: { title: UNTITLED } });
    expect(forced("...")).toMatchObject({ discard: false, structured: { title: UNTITLED } });
  });
});

describe("phrases", () => {
  it("cuts between words and never through a character", () => {
    expect(cut("one two three", 9)).toBe("one two");
    expect(cut("👩‍👩‍👧‍👦👩‍👩‍👧‍👦", 5).isWellFormed()).toBe(true);
    expect(shorten("one two three", 9)).toBe("one two…");
    expect(shorten("short", 9)).toBe("short");
    expect(trimPhrase("So, um, I think the car is broken, you know.")).toBe("the car is broken");
  });
});

describe("any input", () => {
  const spoken = fc.oneof(
    fc.string({ unit: "binary", maxLength: 400 }),
    fc.lorem({ maxCount: 60 }),
    fc.constantFrom(
      ...MEETING,
      "今天我们讨论了新的产品发布计划。",
      "สวัสดีครับ วันนี้อากาศดี",
      "I need to",
      "TODO:",
      "at 5 pm",
      "\u0000",
      "…",
      "👍🏽",
    ),
  );

  it("gives a valid, bounded, repeatable summary", () => {
    fc.assert(
      fc.property(fc.array(spoken, { maxLength: 12 }), fc.boolean(), (texts, mayDiscard) => {
        const input = inputOf(said(...texts), { mayDiscard });
        const first = summariseBasic(input);
        expect(summariseBasic(input)).toEqual(first);
        expect(Structured.parse(first.structured)).toEqual(first.structured);
        const { title, overview, action_items, events } = first.structured;
        expect(title.length).toBeLessThanOrEqual(TITLE_CHARACTERS);
        expect(overview.length).toBeLessThanOrEqual(OVERVIEW_CHARACTERS);
        expect(action_items.length).toBeLessThanOrEqual(10);
        expect(events.every(({ start }) => Date.parse(start) > WEDNESDAY)).toBe(true);
        if (!mayDiscard) expect([first.discard, title === ""]).toEqual([false, false]);
      }),
      { numRuns: 200 },
    );
  });

  it("takes a day of talk in bounded time", () => {
    const day = said(
      ...Array.from({ length: 6_000 }, (_, index) => `${MEETING[index % MEETING.length]} Number ${index}.`),
    );
    const before = performance.now();
    expect(summariseBasic(inputOf(day)).structured.title).not.toBe("");
    expect(performance.now() - before).toBeLessThan(8_000);
  });
});
