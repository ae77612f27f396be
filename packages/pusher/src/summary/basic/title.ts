/**
 * A title from the words of the conversation: the clause that says most, not the first one. Longer conversations are named
 * after what they keep coming back to, if there is such a thing; an announced topic ("let's talk about …") wins over both.
 * At most 60 characters, never empty.
 */

import { capitalise, cut, trimPhrase } from "./phrase.ts";
import type { Sentence } from "./sentences.ts";
import { informativeWords, isInformative, normalForm, tokensOf, type WordWeights, weightOf } from "./words.ts";

export const TITLE_CHARACTERS = 60;
export const UNTITLED = "Recording without speech";

const CLAUSE =
  /[,;:()—–，、；：]|\s-\s|(?<=[.!?。！？])|\s(?:but|because|so that|which|although|however)\s|\s(?:and|or)\s(?=(?:i|we|you|he|she|they|it|then)\b)/iu;
const TOPIC =
  /\b(?:(?:talk|talking|discuss|discussing|chat|hear|learn|present|presenting)(?: a (?:bit|little))?(?: more)? about|(?:to|'ll|will) (?:discuss|cover|go over|go through)|(?:topic|subject|agenda|theme)(?: (?:for|of) today)? is|(?:meeting|call|episode|lecture|talk|lesson|session) is about)\s+(?<topic>.+)$/iu;
const LEAD_OF_TOPIC = /^(?:the|a|an|our|my|your|this|that|some|how to)\s+(?=\S+\s*\S)/iu;
const PRONOUN_FIRST =
  /^(?:i|i'm|i've|i'll|you|you're|it|it's|that|that's|he|he's|she|she's|they|they're|this|there)\b/iu;
const LONG_WORDS = 120;

export function titleOf(sentences: readonly Sentence[], weights: WordWeights): string {
  const announced = announcedTopic(sentences);
  if (announced !== undefined) return finish(announced);
  const words = sentences.reduce((sum, sentence) => sum + tokensOf(sentence.text).length, 0);
  const recurring = words > LONG_WORDS ? recurringPhrases(sentences) : undefined;
  const found = recurring ?? bestClause(sentences, weights) ?? trimPhrase(sentences[0]?.text ?? "");
  return finish(found === "" ? (sentences[0]?.text ?? "") : found);
}

function finish(phrase: string): string {
  const title = cut(capitalise(phrase.replace(/\s+/gu, " ").trim()), TITLE_CHARACTERS).replace(/[\s,;:.–—-]+$/u, "");
  return title === "" ? UNTITLED : title;
}

/** Said in the first part of the conversation; later mentions are about something else. */
function announcedTopic(sentences: readonly Sentence[]): string | undefined {
  for (const sentence of sentences.slice(0, 12)) {
    const topic = TOPIC.exec(sentence.text)?.groups?.topic;
    if (topic === undefined) continue;
    const phrase = trimPhrase((topic.split(CLAUSE)[0] ?? "").replace(LEAD_OF_TOPIC, ""));
    if (phrase.length <= TITLE_CHARACTERS && informativeWords(phrase).length > 0) return phrase;
  }
  return undefined;
}

function bestClause(sentences: readonly Sentence[], weights: WordWeights): string | undefined {
  let best: { phrase: string; score: number } | undefined;
  for (const sentence of sentences) {
    for (const part of sentence.text.split(CLAUSE)) {
      const phrase = trimPhrase(part);
      if (phrase.length > TITLE_CHARACTERS || phrase === "") continue;
      const score = clauseScore(phrase, weights) * (/[?？]\s*$/u.test(part) ? 0.9 : 1);
      if (score > 0 && (best === undefined || score > best.score)) best = { phrase, score };
    }
  }
  return best?.phrase ?? longClause(sentences, weights);
}

/** Every clause is too long for a title: the front of the sentence that says most. */
function longClause(sentences: readonly Sentence[], weights: WordWeights): string | undefined {
  let best: { phrase: string; score: number } | undefined;
  for (const sentence of sentences) {
    const phrase = trimPhrase(cut(trimPhrase(sentence.text), TITLE_CHARACTERS));
    const score = weightOf(phrase, weights);
    if (score > 0 && (best === undefined || score > best.score)) best = { phrase, score };
  }
  return best?.phrase;
}

/** About five words read best; a clause about "it" or "you" needs its neighbours to be understood. */
function clauseScore(phrase: string, weights: WordWeights): number {
  const words = tokensOf(phrase).length;
  const size = 1 + 0.12 * Math.abs(words - 6);
  return (weightOf(phrase, weights) / size) * (PRONOUN_FIRST.test(phrase) ? 0.75 : 1) * (words < 2 ? 0.5 : 1);
}

/** The two runs of informative words that are repeated most, if they are repeated enough to be the subject. */
function recurringPhrases(sentences: readonly Sentence[]): string | undefined {
  const runs = new Map<string, { shown: string; count: number; words: number; first: number }>();
  let order = 0;
  for (const sentence of sentences) {
    for (const run of informativeRuns(sentence.text)) {
      for (const size of [3, 2]) {
        for (let at = 0; at + size <= run.length; at += 1) {
          const slice = run.slice(at, at + size);
          const key = slice.map(normalForm).join(" ");
          const known = runs.get(key);
          order += 1;
          if (known === undefined)
            runs.set(key, { shown: slice.join(" ").replace(/['’]s$/u, ""), count: 1, words: size, first: order });
          else known.count += 1;
        }
      }
    }
  }
  const ranked = [...runs.entries()]
    .filter(([key, run]) => run.count >= 3 && new Set(key.split(" ")).size === run.words)
    .sort(([, a], [, b]) => b.count * b.words - a.count * a.words || a.first - b.first);
  const [first] = ranked;
  if (first === undefined) return undefined;
  const taken = new Set(first[0].split(" "));
  const second = ranked.find(
    ([key, run]) => run.count * 2 > first[1].count && !key.split(" ").some((w) => taken.has(w)),
  );
  const both = second === undefined ? first[1].shown : `${first[1].shown} and ${lowerUnlessName(second[1].shown)}`;
  return both.length <= TITLE_CHARACTERS ? both : first[1].shown;
}

function lowerUnlessName(phrase: string): string {
  return /^\p{Lu}\p{Ll}+ \p{Lu}/u.test(phrase) ? phrase : phrase.slice(0, 1).toLowerCase() + phrase.slice(1);
}

/** Informative words that stand directly beside one another. */
function informativeRuns(text: string): string[][] {
  const runs: string[][] = [];
  for (const clause of text.split(/[,;:.!?()，、；：。！？]/u)) {
    let run: string[] = [];
    for (const token of tokensOf(clause)) {
      if (isInformative(token)) run.push(token);
      else {
        if (run.length > 1) runs.push(run);
        run = [];
      }
    }
    if (run.length > 1) runs.push(run);
  }
  return runs;
}
