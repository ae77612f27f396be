/**
 * The classifier that reads: the configured language model is shown what a user over a cap said lately, and says whether that is
 * a person's own life. One question a run, with the deadline of every question; the server is left alone for a while where it
 * fails. Rejects with `LlmFailure`, of class `content` only where the answer cannot be understood or the request is refused.
 */
import { type Classifier, type Clock, verdictOf } from "@holdfast/core";
import { type AskLlm, type LlmSettings, openLlm } from "../summary/llm/client.ts";
import { afterFailure, isPaused, noPause } from "../summary/llm/pause.ts";
import { LlmFailure } from "../summary/port.ts";
import { parseOpinion } from "./answer.ts";
import { askForOpinion, OPINION_SHAPE } from "./prompt.ts";

const NEVER = new AbortController().signal;

export function llmClassifier(
  settings: LlmSettings,
  clock: Clock,
  ask: AskLlm = openLlm(settings, OPINION_SHAPE),
): Classifier {
  let pause = noPause;
  return {
    name: "llm",
    async classify(input, signal = NEVER) {
      if (isPaused(pause, clock.now())) {
        throw new LlmFailure("llm_unavailable", "transport", "paused after failures", pause.untilMs - clock.now());
      }
      try {
        const opinion = parseOpinion(await ask(askForOpinion(input), signal));
        pause = noPause;
        if (opinion !== undefined) return verdictOf(opinion, input.conversations ?? []);
      } catch (error) {
        const ours = signal.aborted || !(error instanceof LlmFailure) || error.class === "content";
        if (!ours) pause = afterFailure(pause, clock.now(), error.retryAfterMs);
        throw error;
      }
      throw new LlmFailure("llm_invalid_answer", "content", "the answer holds no opinion");
    },
  };
}
