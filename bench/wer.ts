/**
 * Word error rate: the least number of inserted, deleted and exchanged words that turn what was heard into what was said,
 * divided by the words said. Before counting, both texts are written alike: no case, no punctuation, numbers as words, one
 * spelling for British and American, one for `tatter'd` and `tattered`.
 */

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

export interface WordErrors {
  readonly words: number;
  readonly errors: number;
  /** Pairs of what was said and what was heard, for reading. */
  readonly differences: readonly string[];
}

/** `prefix` is what the speaker says before the text: heard, half heard or not heard, it is not counted. */
export function wordErrors(said: string, heard: string, prefix = ""): WordErrors {
  const reference = normaliseWords(said);
  const before = normaliseWords(prefix);
  const readings = [...before.keys(), before.length].map((from) => [...before.slice(from), ...reference]);
  const [best] = readings.map((reading) => compare(reading, normaliseWords(heard))).sort((a, b) => a.errors - b.errors);
  return { errors: best?.errors ?? 0, differences: best?.differences ?? [], words: reference.length };
}

function compare(said: readonly string[], heard: readonly string[]): WordErrors {
  const width = heard.length + 1;
  const cost = new Uint32Array((said.length + 1) * width);
  const at = (i: number, j: number): number => cost[i * width + j] ?? 0;
  for (let i = 0; i <= said.length; i++) {
    for (let j = 0; j <= heard.length; j++) {
      if (i === 0 || j === 0) cost[i * width + j] = i + j;
      else {
        const exchange = at(i - 1, j - 1) + (said[i - 1] === heard[j - 1] ? 0 : 1);
        cost[i * width + j] = Math.min(exchange, at(i - 1, j) + 1, at(i, j - 1) + 1);
      }
    }
  }
  const differences: string[] = [];
  let i = said.length;
  let j = heard.length;
  while (i > 0 || j > 0) {
    if (i > 0 && j > 0 && at(i, j) === at(i - 1, j - 1) + (said[i - 1] === heard[j - 1] ? 0 : 1)) {
      if (said[i - 1] !== heard[j - 1]) differences.unshift(`${said[i - 1]}→${heard[j - 1]}`);
      i -= 1;
      j -= 1;
    } else if (i > 0 && at(i, j) === at(i - 1, j) + 1) {
      differences.unshift(`${said[i - 1]}→-`);
      i -= 1;
    } else {
      differences.unshift(`-→${heard[j - 1]}`);
      j -= 1;
    }
  }
  return { words: said.length, errors: at(said.length, heard.length), differences };
}
