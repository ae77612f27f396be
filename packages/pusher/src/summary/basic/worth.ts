/**
 * Whether a short conversation is worth keeping, without a model (reference listen-and-pusher 6.3). In doubt it is kept:
 * only what says next to nothing goes, such as bare acknowledgements, fragments and greetings. A task, a question with
 * something in it, a number or an appointment always stays.
 */
import type { Sentence } from "./sentences.ts";
import { informativeWords, tokensOf } from "./words.ts";

/** Fewer distinct informative words than this, in a fragment, say next to nothing. */
const WORTH_WORDS = 3;
const FRAGMENT_WORDS = 6;

export function isWorthless(
  sentences: readonly Sentence[],
  found: { readonly tasks: number; readonly events: number },
): boolean {
  if (found.tasks > 0 || found.events > 0) return false;
  const distinct = new Set(sentences.flatMap((sentence) => informativeWords(sentence.text)));
  if (distinct.size === 0) return true;
  const words = sentences.reduce((sum, sentence) => sum + tokensOf(sentence.text).length, 0);
  if (distinct.size >= WORTH_WORDS || words >= FRAGMENT_WORDS) return false;
  const asks = sentences.some((sentence) => /[?？؟]\s*$/u.test(sentence.text));
  const counts = sentences.some((sentence) => tokensOf(sentence.text).some((token) => /\p{N}/u.test(token)));
  return !asks && !counts;
}
