/**
 * The summariser over a language model: render, ask, check, and ask once more where the answer cannot be used. A conversation
 * too long for one request is read in parts whose notes are joined. It pauses while the server is failing. Nothing it
 * returns is unchecked, and it never returns a partial answer: it rejects with `LlmFailure` and the caller falls back.
 */
import { DISCARD } from "@holdfast/contract";
import type { Clock } from "@holdfast/core";
import { shorten } from "../basic/phrase.ts";
import { LlmFailure, type Summariser, type Summary, type SummaryInput } from "../port.ts";
import { parseAnswer } from "./answer.ts";
import { type AskLlm, type LlmSettings, openLlm } from "./client.ts";
import { afterFailure, isPaused, noPause } from "./pause.ts";
import { ASK_AGAIN, askForPart, askForSummary, askToJoin, type Message } from "./prompt.ts";
import { renderParts } from "./render.ts";

/** Notes of one part, when they are joined with the others. */
const NOTE_CHARACTERS = 3_000;

export function llmSummariser(settings: LlmSettings, clock: Clock, ask: AskLlm = openLlm(settings)): Summariser {
  let pause = noPause;
  return {
    kind: "llm",
    async summarise(input, signal) {
      if (isPaused(pause, clock.now())) {
        throw new LlmFailure("llm_unavailable", "transport", "paused after failures", pause.untilMs - clock.now());
      }
      try {
        const summary = await summarise(input, ask, signal);
        pause = noPause;
        return summary;
      } catch (error) {
        const ours = signal.aborted || !(error instanceof LlmFailure) || error.class === "content";
        if (!ours) pause = afterFailure(pause, clock.now(), error.retryAfterMs);
        throw error;
      }
    },
  };
}

async function summarise(input: SummaryInput, ask: AskLlm, signal: AbortSignal): Promise<Summary> {
  const parts = renderParts(input.segments);
  const [only = ""] = parts;
  if (parts.length <= 1) {
    return await usable(askForSummary(input, only, DISCARD.shortBelowSeconds), input.mayDiscard, ask, signal);
  }
  const notes: string[] = [];
  for (const [index, part] of parts.entries()) {
    const summary = await usable(askForPart(input, part, index + 1, parts.length), false, ask, signal);
    notes.push(noteOf(summary));
  }
  return await usable(askToJoin(input, notes), false, ask, signal);
}

function noteOf({ structured, memories }: Summary): string {
  const { title, action_items, events } = structured;
  const overview = shorten(structured.overview, NOTE_CHARACTERS / 2);
  return shorten(
    JSON.stringify({
      title,
      overview,
      action_items: action_items.map(({ description, due_at }) => ({ description, due_at })),
      events,
      memories,
    }),
    NOTE_CHARACTERS,
  );
}

async function usable(messages: Message[], mayDiscard: boolean, ask: AskLlm, signal: AbortSignal): Promise<Summary> {
  const first = parseAnswer(await ask(messages, signal), mayDiscard);
  if (first !== undefined) return first;
  const second = parseAnswer(await ask(again(messages), signal), mayDiscard);
  if (second !== undefined) return second;
  throw new LlmFailure("llm_invalid_answer", "content", "two answers in a row could not be used");
}

/** The same request with the reminder at its end; some models insist that roles alternate. */
function again(messages: readonly Message[]): Message[] {
  return messages.map((message) =>
    message.role === "user" ? { ...message, content: `${message.content}\n\n${ASK_AGAIN}` } : message,
  );
}
