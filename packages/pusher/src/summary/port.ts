/**
 * What a summariser is: it turns a transcript into the structure of a conversation (reference listen-and-pusher section 6.2 to
 * 6.4). Two adapters exist: `basic`, built in and deterministic, which cannot fail; and `llm`, any OpenAI-compatible server,
 * which can, with a typed error, and which alone writes memories. A summariser reads only what is in its input and stores nothing.
 */
import type { FailureClass, Segment, Structured } from "@holdfast/contract";

export interface SummaryInput {
  readonly conversationId: string;
  /** In order of time; `start` and `end` are seconds after `startedAtMs`. */
  readonly segments: readonly Segment[];
  readonly language: string | null;
  /** Unix milliseconds. Words like "tomorrow" are relative to it, in UTC. */
  readonly startedAtMs: number;
  readonly durationSeconds: number;
  /** What pictures taken during it show, oldest first. */
  readonly pictures?: readonly string[];
  /** False where the conversation is kept whatever it holds, so the discard decision need not be made. */
  readonly mayDiscard: boolean;
  /** A few fillers that somebody recorded: shown as they are, and no model is asked until more arrives. */
  readonly fillersOnly?: boolean;
}

export interface MemoryFact {
  readonly content: string;
  readonly category: "interesting" | "system";
}

export interface Summary {
  readonly structured: Structured;
  readonly memories: readonly MemoryFact[];
  /** True where it judged the conversation worthless; never true if `mayDiscard` is false. */
  readonly discard: boolean;
}

/** What can fail; the basic summariser is a plain function, so that a fallback always exists. */
export interface Summariser {
  /** What `summary_kind` says about its work. */
  readonly kind: "llm";
  /** Rejects with `LlmFailure`, or with anything once the signal aborted. */
  summarise(input: SummaryInput, signal: AbortSignal): Promise<Summary>;
}

/** Why the language model gave no summary: it could not be reached or refused, or what it said was not an answer. */
export type LlmFailureCode = "llm_unavailable" | "llm_invalid_answer";

export class LlmFailure extends Error {
  readonly code: LlmFailureCode;
  readonly class: FailureClass;
  /** What the server asked for by `Retry-After`. */
  readonly retryAfterMs: number | undefined;

  constructor(code: LlmFailureCode, failureClass: FailureClass, message: string, retryAfterMs?: number) {
    super(message);
    this.name = "LlmFailure";
    this.code = code;
    this.class = failureClass;
    this.retryAfterMs = retryAfterMs;
  }
}
