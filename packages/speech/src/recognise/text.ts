/** Mending of what a recogniser says. Pure. */

/** Longest phrase, in words, that is looked for in loops. */
const MAX_PHRASE = 10;
const MIN_REPEATS = 3;
/** People do say "no, no, no". */
const MIN_REPEATS_OF_A_WORD = 5;

/** The same few signs five or more times in a row within a word, as in "1.0.0.0.0.0". Long numbers are left alone. */
const LOOP_IN_A_WORD = /((?!\d)\S{2,6}?)\1{4,}/gu;

/**
 * A recogniser that lost the thread says the same phrase over and over. Any phrase of 1 to 10 words that stands three or more
 * times in a row (a single word, or a part of one: five or more) is kept once.
 */
export function collapseRepetition(text: string): string {
  const words = text.trim().replace(LOOP_IN_A_WORD, "$1").split(/\s+/).filter(Boolean);
  const keys = words.map((word) => word.toLowerCase().replace(/[^\p{L}\p{N}']/gu, ""));
  const kept: string[] = [];
  let at = 0;
  while (at < words.length) {
    const phrase = loopAt(keys, at);
    if (phrase === undefined) {
      kept.push(words[at] ?? "");
      at += 1;
    } else {
      const end = at + phrase.length * phrase.repeats;
      // The last repeat is kept: it carries the punctuation.
      kept.push(...words.slice(end - phrase.length, end));
      at = end;
    }
  }
  return kept.join(" ");
}

function loopAt(keys: readonly string[], at: number): { length: number; repeats: number } | undefined {
  for (let length = 1; length <= MAX_PHRASE; length++) {
    let repeats = 1;
    while (sameAt(keys, at, at + repeats * length, length)) repeats += 1;
    if (repeats >= (length === 1 ? MIN_REPEATS_OF_A_WORD : MIN_REPEATS)) return { length, repeats };
  }
  return undefined;
}

function sameAt(keys: readonly string[], a: number, b: number, length: number): boolean {
  if (b + length > keys.length) return false;
  for (let i = 0; i < length; i++) if (keys[a + i] !== keys[b + i]) return false;
  return true;
}
