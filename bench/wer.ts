/**
 * Word error rate: the least number of inserted, deleted and exchanged words that turn what was heard into what was said,
 * divided by the words said. Before counting, both texts are written alike: no case, no punctuation, numbers as words, one
 * spelling for British and American, one for `tatter'd` and `tattered`.
 */
import { compareWords, type WordComparison } from "@holdfast/testkit";

const SPELLINGS: readonly (readonly [RegExp, string])[] = [
  [/\b(\w+)(?:isation)\b/g, "$1ization"],
  [/\b(\w{3,})ise(d|s)?\b/g, "$1ize$2"],
  [/\b(col|hon|fav|lab|neighb|harb|hum|rum|behavi|flav|vap|od|val)our/g, "$1or"],
  [/\bgrey\b/g, "gray"],
  [/\bcentre/g, "center"],
  [/\btheatre/g, "theater"],
  [/\b(trave|cance|mode|labe)ll(ed|ing|er)\b/g, "$1l$2"],
];

const ONES =
  "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split(
    " ",
  );
const TENS = "zero ten twenty thirty forty fifty sixty seventy eighty ninety".split(" ");

export function normaliseWords(text: string): string[] {
  let plain = text
    .toLowerCase()
    .replace(/[\u2018\u2019]/g, "'")
    .replace(/\b\d{1,4}\b/g, (digits) => numberWords(Number(digits)))
    .replace(/(\w)'d\b/g, "$1ed")
    .replace(/'/g, "")
    .replace(/[^\p{L}\p{N}]+/gu, " ")
    .replace(/\b(thy|my|him|her|it|your) (self)\b/g, "$1$2");
  for (const [pattern, spelling] of SPELLINGS) plain = plain.replace(pattern, spelling);
  return plain.split(" ").filter(Boolean);
}

function numberWords(value: number): string {
  if (value < 20) return ONES[value] ?? "";
  if (value < 100) return `${TENS[Math.floor(value / 10)]} ${value % 10 === 0 ? "" : ONES[value % 10]}`.trim();
  if (value < 1000)
    return `${ONES[Math.floor(value / 100)]} hundred ${value % 100 === 0 ? "" : numberWords(value % 100)}`.trim();
  return `${numberWords(Math.floor(value / 1000))} thousand ${value % 1000 === 0 ? "" : numberWords(value % 1000)}`.trim();
}

export interface TranscriptErrors extends WordComparison {
  /** Words that were said, without the prefix. */
  readonly words: number;
}

/** `prefix` is what the speaker says before the text: heard, half heard or not heard, it is not counted. */
export function transcriptErrors(said: string, heard: string, prefix = ""): TranscriptErrors {
  const reference = normaliseWords(said);
  const understood = normaliseWords(heard);
  const before = normaliseWords(prefix);
  const comparisons = [...before.keys(), before.length].map((from) =>
    compareWords([...before.slice(from), ...reference], understood),
  );
  const best = comparisons.reduce((least, next) => (next.errors < least.errors ? next : least));
  return { ...best, words: reference.length };
}
