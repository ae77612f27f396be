/** The onboarding questions: every state with every input, and that each question is settled exactly once. */
import {
  idleOnboarding,
  ONBOARDING,
  ONBOARDING_QUESTIONS,
  type OnboardingInput,
  type OnboardingNews,
  type OnboardingState,
  stepOnboarding,
} from "@holdfast/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const LAST = ONBOARDING_QUESTIONS.length - 1;
const asking = (index: number, words = 0, answers = 0) =>
  ({ name: "asking", index, words, lastWordMs: 0, answers }) as const;
const question = (index: number): OnboardingNews => ({
  type: "question",
  index,
  question: ONBOARDING_QUESTIONS[index] ?? "",
});

const INPUTS = {
  start: { type: "start" },
  skip: { type: "skip" },
  said: { type: "said", text: "My own words", nowMs: 0 },
  early: { type: "tick", nowMs: ONBOARDING.silenceMs - 1 },
  late: { type: "tick", nowMs: ONBOARDING.silenceMs },
} as const satisfies Record<string, OnboardingInput>;

const STATES = {
  idle: idleOnboarding,
  unanswered: asking(0),
  oneWord: asking(0, 1),
  answered: asking(0, 2),
  last: asking(LAST, 2, 3),
  complete: { name: "complete", answers: 4 },
} as const satisfies Record<string, OnboardingState>;

type Expected = readonly [OnboardingState, ...OnboardingNews[]];
const heard = (state: ReturnType<typeof asking>) => ({ ...state, words: state.words + 3 });
const { idle, unanswered, oneWord, answered, last, complete } = STATES;
const skipped: Expected = [asking(1), { type: "skipped", index: 0 }, question(1)];

const TABLE: Record<keyof typeof STATES, Record<keyof typeof INPUTS, Expected>> = {
  idle: { start: [asking(0), question(0)], skip: [idle], said: [idle], early: [idle], late: [idle] },
  unanswered: {
    start: [unanswered],
    skip: skipped,
    said: [heard(unanswered)],
    early: [unanswered],
    late: [unanswered],
  },
  oneWord: { start: [oneWord], skip: skipped, said: [heard(oneWord)], early: [oneWord], late: [unanswered] },
  answered: {
    start: [answered],
    skip: skipped,
    said: [heard(answered)],
    early: [answered],
    late: [asking(1, 0, 1), { type: "answered", index: 0 }, question(1)],
  },
  last: {
    start: [last],
    skip: [
      { name: "complete", answers: 3 },
      { type: "skipped", index: LAST },
      { type: "complete", answers: 3 },
    ],
    said: [heard(last)],
    early: [last],
    late: [complete, { type: "answered", index: LAST }, { type: "complete", answers: 4 }],
  },
  complete: { start: [complete], skip: [complete], said: [complete], early: [complete], late: [complete] },
};

describe("onboarding", () => {
  for (const [name, row] of Object.entries(TABLE)) {
    it.each(Object.entries(row))(`${name}, %s`, (input, [state, ...news]) => {
      const from = STATES[name as keyof typeof STATES];
      expect(stepOnboarding(from, INPUTS[input as keyof typeof INPUTS])).toEqual({ state, news });
    });
  }

  it.each([
    ["Um.", 1],
    ["Well, I'm Anna.", 3],
    ["我叫安娜", 4],
    ["…", 0],
  ])("counts the words of %j", (text, words) => {
    expect(stepOnboarding(unanswered, { type: "said", text, nowMs: 0 }).state).toMatchObject({ words });
  });

  it("asks each question once, settles each once, and completes with the number of answers", () => {
    const input = fc.oneof(
      fc.constantFrom<OnboardingInput>({ type: "start" }, { type: "skip" }),
      fc.record({
        type: fc.constant("said" as const),
        text: fc.constantFrom("um", "two words"),
        nowMs: fc.constant(0),
      }),
      fc.constant<OnboardingInput>({ type: "tick", nowMs: 5_000 }),
    );
    fc.assert(
      fc.property(fc.array(input, { maxLength: 60 }), (inputs) => {
        let state: OnboardingState = idleOnboarding;
        const news: OnboardingNews[] = [];
        for (const next of inputs) {
          const step = stepOnboarding(state, next);
          state = step.state;
          news.push(...step.news);
        }
        const indexes = (...types: string[]) =>
          news.flatMap((item) => (types.includes(item.type) && "index" in item ? [item.index] : []));
        const asked = indexes("question");
        expect(asked).toEqual([...asked.keys()]);
        const settled = indexes("answered", "skipped");
        expect(settled).toEqual([...settled.keys()]);
        const ends = news.filter((item) => item.type === "complete");
        expect(ends).toHaveLength(state.name === "complete" ? 1 : 0);
        if (state.name === "complete") expect(state.answers).toBe(indexes("answered").length);
      }),
    );
  });
});
