/**
 * What a language model's opinion of a user is worth, and when it is asked at all.
 *
 * | the run is ours | limited | over a cap | model | words to read | then                                            |
 * |-----------------|---------|------------|-------|---------------|-------------------------------------------------|
 * | no              | -       | -          | -     | -             | ends: `superseded` by a person or a newer run   |
 * | yes             | no      | -          | -     | -             | ends: `not_limited` (switched off, or exempt)   |
 * | yes             | yes     | no         | -     | -             | ends: `within_limits`: its speech grew old      |
 * | yes             | yes     | yes        | no    | -             | judged by minutes                               |
 * | yes             | yes     | yes        | yes   | no            | judged by minutes                               |
 * | yes             | yes     | yes        | yes   | yes           | judged by the model                             |
 *
 * A model that is away, slow or answers nonsense decides nothing: the job waits, and after its last attempt ends without a
 * decision. It is never replaced by the minutes then, so that an outage restricts nobody.
 *
 * An opinion counts as a violation only where the model is sure of it, names a kind of misuse and a sign it was seen by. Signs
 * are a closed list, so that what is kept of an opinion, and shown to people, holds nothing anybody said.
 */
import { FAIR_USE } from "@holdfast/contract";
import type { ConversationGlimpse, OPINION_TYPES, Verdict } from "./classifier.ts";

/** Each with what it means, as the model is told. */
export const WORD_SIGNS = {
  one_narrator: "one voice reads or narrates at length and nobody answers",
  scripted_speech: "polished, edited or acted language that nobody says off the cuff",
  show_format: "hosts, guests, episodes, jingles, calls to subscribe",
  advertising: "commercials or sponsor messages",
  news_or_sports: "news reading or commentary of a match",
  dramatic_dialogue: "scenes of characters in a story",
  unrelated_speakers: "many strangers who have nothing to do with one another or with one person's life",
  customer_calls: "call after call of a service desk or of sales",
  user_absent: "nothing concerns the life of the person who wears the recorder",
} as const;
export type WordSign = keyof typeof WORD_SIGNS;

export interface Opinion {
  /** 0 to 1. */
  readonly score: number;
  readonly type: (typeof OPINION_TYPES)[number];
  /** 0 to 1: how sure the model is. */
  readonly confidence: number;
  readonly signs: readonly WordSign[];
}

export interface RunFacts {
  readonly ours: boolean;
  readonly limited: boolean;
  readonly exceeded: boolean;
  readonly model: boolean;
  readonly readable: boolean;
}

export type RunStep =
  | { readonly judge: "model" | "minutes" }
  | { readonly end: "superseded" | "not_limited" | "within_limits" };

export function stepRun({ ours, limited, exceeded, model, readable }: RunFacts): RunStep {
  if (!ours) return { end: "superseded" };
  if (!limited) return { end: "not_limited" };
  if (!exceeded) return { end: "within_limits" };
  return { judge: model && readable ? "model" : "minutes" };
}

/** Whether there is enough to read. */
export function isReadable(conversations: readonly ConversationGlimpse[]): boolean {
  return conversations.reduce((sum, { characters }) => sum + characters, 0) >= FAIR_USE.readableCharacters;
}

/** An opinion that does not count stays below the gate and is recorded as what it is. */
export function verdictOf(opinion: Opinion, conversations: readonly ConversationGlimpse[]): Verdict {
  const { type, confidence, signs } = opinion;
  const counts = type !== "none" && confidence >= FAIR_USE.opinionConfidence && signs.length > 0;
  const score = counts ? opinion.score : Math.min(opinion.score, FAIR_USE.classifierGate - 0.01);
  const seen = Object.fromEntries(signs.map((sign) => [sign, 1]));
  return {
    score: round(score),
    type,
    evidence: {
      ...{ confidence: round(confidence), opinion: round(opinion.score), conversations: conversations.length },
      ...seen,
    },
  };
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
