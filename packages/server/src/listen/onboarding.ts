/**
 * Asks a new user the onboarding questions over a live session that wants them (`onboarding=enabled`). Begins when the client
 * says that it is listening (reference listen-and-pusher 8.2 no. 34); what is said goes into the transcript like anything else.
 */
import type { ListenEvent } from "@holdfast/contract";
import {
  type Clock,
  idleOnboarding,
  ONBOARDING_QUESTIONS,
  type OnboardingInput,
  type OnboardingNews,
  type OnboardingState,
  type Random,
  stepOnboarding,
  type Timer,
} from "@holdfast/core";

const TICK_MS = 250;

export interface OnboardingOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly event: (event: ListenEvent) => void;
}

export class Onboarding {
  readonly #options: OnboardingOptions;
  #state: OnboardingState = idleOnboarding;
  #timer: Timer | undefined;

  constructor(options: OnboardingOptions) {
    this.#options = options;
  }

  start(): void {
    const { clock } = this.#options;
    this.#step({ type: "start" });
    this.#timer ??= clock.every(TICK_MS, () => this.#step({ type: "tick", nowMs: clock.now() }));
  }

  skip(): void {
    this.#step({ type: "skip" });
  }

  /** Words became final. */
  said(text: string): void {
    this.#step({ type: "said", text, nowMs: this.#options.clock.now() });
  }

  close(): void {
    this.#timer?.cancel();
  }

  #step(input: OnboardingInput): void {
    const { state, news } = stepOnboarding(this.#state, input);
    this.#state = state;
    for (const item of news) this.#options.event(this.#eventOf(item));
    if (state.name === "complete") this.close();
  }

  #eventOf(news: OnboardingNews): ListenEvent {
    switch (news.type) {
      case "question":
        return {
          type: "onboarding_question",
          question: news.question,
          question_index: news.index,
          total_questions: ONBOARDING_QUESTIONS.length,
          question_segment_id: this.#options.random.uuid(),
        };
      case "answered":
        return { type: "question_answered", question_index: news.index, answered: true };
      case "skipped":
        return { type: "question_skipped", question_index: news.index };
      case "complete":
        return { type: "onboarding_complete", answers_count: news.answers };
      default:
        return news satisfies never;
    }
  }
}
