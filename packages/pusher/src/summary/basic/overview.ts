/**
 * The overview: the two or three sentences that say most, in the order they were said. A short conversation is its own
 * overview. At most 600 characters; nothing is invented.
 */
import { shorten, tidySentence } from "./phrase.ts";
import type { Sentence } from "./sentences.ts";
import { tokensOf, type WordWeights, weightOf } from "./words.ts";

export const OVERVIEW_CHARACTERS = 600;
const WHOLE_CHARACTERS = 280;
const SENTENCE_CHARACTERS = 240;

export function overviewOf(sentences: readonly Sentence[], weights: WordWeights): string {
  const whole = join(sentences.map((sentence) => tidySentence(sentence.text)));
  if (whole.length <= WHOLE_CHARACTERS) return whole;
  const wanted = sentences.length < 8 ? 2 : 3;
  const chosen = [...sentences]
    .map((sentence) => ({ sentence, score: score(sentence, weights) }))
    .sort((a, b) => b.score - a.score || a.sentence.index - b.sentence.index)
    .slice(0, wanted)
    .map(({ sentence }) => sentence)
    .sort((a, b) => a.index - b.index);
  return shorten(
    join(chosen.map((sentence) => shorten(tidySentence(sentence.text), SENTENCE_CHARACTERS))),
    OVERVIEW_CHARACTERS,
  );
}

/** Weight by word, so that long sentences do not win by length; very short and asking ones say little. */
function score(sentence: Sentence, weights: WordWeights): number {
  const words = tokensOf(sentence.text).length;
  const density = weightOf(sentence.text, weights) / Math.sqrt(words + 4);
  const opening = sentence.index === 0 ? 1.15 : 1;
  const asking = /[?？]\s*$/u.test(sentence.text) ? 0.7 : 1;
  return density * opening * asking * (words < 5 ? 0.6 : 1);
}

/** Scripts that write no spaces need none between sentences. */
function join(sentences: readonly string[]): string {
  let text = "";
  for (const sentence of sentences) {
    if (sentence === "") continue;
    text += text === "" || /[。！？]$/u.test(text) ? sentence : ` ${sentence}`;
  }
  return text;
}
