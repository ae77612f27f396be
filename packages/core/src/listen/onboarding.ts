/**
 * The questions a new user is asked by voice (reference listen-and-pusher 2.7, 2.8). Each is answered by at least two words
 * followed by two seconds of silence, or skipped; fewer words are no answer and are forgotten.
 *
 * | state    | start            | skip                  | said           | tick                                        |
 * |----------|------------------|-----------------------|----------------|---------------------------------------------|
 * | idle     | asking, question | -                     | -              | -                                           |
 * | asking   | -                | skipped, next         | words counted  | after silence: answered, next; or forgotten |
 * | complete | -                | -                     | -              | -                                           |
 *
 * "next" asks the next question, or completes. `-` changes nothing: a client may start twice. Pure: the caller brings time.
 */

export const ONBOARDING_QUESTIONS: readonly string[] = [
  "What should I call you, and what do you do?",
  "What does a usual day of yours look like?",
  "Whom do you talk to most, and about what?",
  "What would you like to remember better?",
  "What are you looking forward to?",
];

export const ONBOARDING = { silenceMs: 2_000, answerWords: 2 } as const;

export type OnboardingState =
  | { readonly name: "idle" }
  | {
      readonly name: "asking";
      readonly index: number;
      /** Words said since the question, and when the last of them came. */
      readonly words: number;
      readonly lastWordMs: number;
      readonly answers: number;
    }
  | { readonly name: "complete"; readonly answers: number };

export type OnboardingInput =
  | { readonly type: "start" | "skip" }
  | { readonly type: "said"; readonly text: string; readonly nowMs: number }
  | { readonly type: "tick"; readonly nowMs: number };

export type OnboardingNews =
  | { readonly type: "question"; readonly index: number; readonly question: string }
  | { readonly type: "answered" | "skipped"; readonly index: number }
  | { readonly type: "complete"; readonly answers: number };

export interface OnboardingStep {
  readonly state: OnboardingState;
  readonly news: readonly OnboardingNews[];
}

export const idleOnboarding: OnboardingState = { name: "idle" };

export function stepOnboarding(state: OnboardingState, input: OnboardingInput): OnboardingStep {
  if (state.name === "idle") return input.type === "start" ? ask(0, 0) : { state, news: [] };
  if (state.name === "complete") return { state, news: [] };
  switch (input.type) {
    case "start":
      return { state, news: [] };
    case "skip":
      return follow(ask(state.index + 1, state.answers), { type: "skipped", index: state.index });
    case "said":
      return { state: { ...state, words: state.words + countWords(input.text), lastWordMs: input.nowMs }, news: [] };
    case "tick":
      return judge(state, input.nowMs);
    default:
      return input satisfies never;
  }
}

function judge(state: OnboardingState & { readonly name: "asking" }, nowMs: number): OnboardingStep {
  if (state.words === 0 || nowMs - state.lastWordMs < ONBOARDING.silenceMs) return { state, news: [] };
  if (state.words < ONBOARDING.answerWords) return { state: { ...state, words: 0 }, news: [] };
  return follow(ask(state.index + 1, state.answers + 1), { type: "answered", index: state.index });
}

function ask(index: number, answers: number): OnboardingStep {
  const question = ONBOARDING_QUESTIONS[index];
  if (question === undefined) return { state: { name: "complete", answers }, news: [{ type: "complete", answers }] };
  return {
    state: { name: "asking", index, words: 0, lastWordMs: 0, answers },
    news: [{ type: "question", index, question }],
  };
}

function follow(step: OnboardingStep, first: OnboardingNews): OnboardingStep {
  return { state: step.state, news: [first, ...step.news] };
}

/** Scripts without spaces have no words to count; each letter of them says about as much as one. */
function countWords(text: string): number {
  const words = text.match(
    /\p{Script=Han}|\p{Script=Hiragana}|\p{Script=Katakana}|\p{Script=Thai}+|[\p{L}\p{N}\p{M}'’-]+/gu,
  );
  return words?.length ?? 0;
}
