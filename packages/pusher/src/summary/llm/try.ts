/**
 * Tries the language model out: a few words are summarised exactly as a conversation is, so that what works here works there. Made
 * anew each time, so that a pause after failures neither hides what is true now nor begins because somebody tried. Never rejects,
 * but for a database that is away.
 */
import { LANGUAGE_MODEL_TEST, type LanguageModelTest, type Segment } from "@holdfast/contract";
import type { Clock } from "@holdfast/core";
import { LlmFailure, type SummaryInput } from "../port.ts";
import type { CurrentLanguageModel } from "./current.ts";
import { llmSummariser } from "./index.ts";

const WORDS =
  "Let us meet at the station on Friday at nine and take the early train to the coast. I will bring the tickets.";

export async function tryLanguageModel(current: CurrentLanguageModel, clock: Clock): Promise<LanguageModelTest> {
  const startedMs = clock.now();
  const took = (): { readonly took_ms: number } => ({ took_ms: Math.max(0, Math.round(clock.now() - startedMs)) });
  const failed = (code: FailureCode, detail: string): LanguageModelTest => {
    return { outcome: "failed", code, detail: detail.slice(0, 300), ...took() };
  };
  const model = await current();
  if (model === undefined) return failed("llm_not_configured", "no language model is set");
  const limit = new AbortController();
  const timer = clock.after(LANGUAGE_MODEL_TEST.timeoutMs, () => limit.abort());
  try {
    const { structured } = await llmSummariser(model.settings, clock).summarise(inputAt(startedMs), limit.signal);
    return { outcome: "answered", title: structured.title, ...took() };
  } catch (error) {
    if (limit.signal.aborted) return failed("llm_timeout", `no answer in ${LANGUAGE_MODEL_TEST.timeoutMs / 1_000} s`);
    if (error instanceof LlmFailure) return failed(codeOf(error), error.message);
    return failed("llm_unavailable", error instanceof Error ? error.message : "");
  } finally {
    timer.cancel();
  }
}

type FailureCode = Extract<LanguageModelTest, { readonly outcome: "failed" }>["code"];

function codeOf({ code, class: failureClass }: LlmFailure): FailureCode {
  if (code === "llm_invalid_answer") return code;
  if (failureClass === "auth") return "llm_refused_key";
  return failureClass === "content" ? "llm_refused" : code;
}

function inputAt(startedAtMs: number): SummaryInput {
  const segment: Segment = {
    ...{ id: "1", text: WORDS, speaker: "SPEAKER_00", speaker_id: 0, is_user: true, person_id: null },
    ...{ start: 0, end: 8, translations: [], speech_profile_processed: true, stt_provider: null },
  };
  const when = { startedAtMs, durationSeconds: 8 };
  return { conversationId: "test", segments: [segment], language: "en", ...when, mayDiscard: false };
}
