/**
 * Words and how much they say. A word is a run of letters and digits; runs of scripts that write no spaces are cut by the
 * segmenter of the runtime. Function words of English and the commonest of some neighbours say nothing; of the rest, what is
 * repeated, long or a name says more. All functions are total and deterministic (the locale is fixed).
 */

const TOKEN = /[\p{L}\p{N}][\p{L}\p{M}\p{N}'’-]*/gu;
const NO_SPACES =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;
const segmenter = new Intl.Segmenter("en", { granularity: "word" });

const STOP = new Set(
  `a about above after again all almost also although always am an and another any anybody anyone anything anyway are aren't
  around as at away back be because been before being both but by came can can't cannot come could couldn't did didn't do does
  doesn't doing don't done down each either else enough even ever every everybody everyone everything few for from further get
  gets getting give go goes going gone gonna good got gotta had hadn't happen has hasn't have haven't having he he'd he'll he's
  her here here's hers herself him himself his how how's however i i'd i'll i'm i've if in into is isn't it it'd it'll it's its
  itself just keep kind know last least less let let's like little look lot lots made make many may maybe me mean might mine
  more most much must my myself need needs never no nobody none nor not nothing now of off often oh ok okay on once one ones only
  onto or other others ought our ours ourselves out over own perhaps please pretty probably put quite rather really right said
  same say says see seem seems shall she she'd she'll she's should shouldn't since so some somebody someone something sometimes
  somewhere sort still such sure take tell than thank thanks that that'll that's the their theirs them themselves then there
  there's these they they'd they'll they're they've thing things think this those though through to today together tomorrow
  too toward two um uh uhm hmm mm mhm up upon us use used very wanna want wants was wasn't way we we'd we'll we're we've well
  went were weren't what what's whatever when when's where where's whether which while who who's whole whom whose why will
  with within without won't would wouldn't yeah yep yes yet you you'd you'll you're you've your yours yourself
  thy thou thee thine
  hello hi hey bye goodbye alright basically actually literally obviously honestly guess stuff
  der die das und ist nicht ein eine ich wir sie er es mit auf für von zu im den dem des dass auch war wie aber
  le la les un une des et est que qui pas pour dans sur avec vous nous je tu il elle ce cette sont plus mais
  el los las una y es que no por para con se lo su como pero más muy
  il gli di che è non per con sono ma anche o os as e do da dos das em um uma não com mas mais`
    .split(/\s+/u)
    .filter((word) => word !== ""),
);

/** The words of a text as written. */
export function tokensOf(text: string): string[] {
  const tokens = text.match(TOKEN) ?? [];
  return NO_SPACES.test(text) ? tokens.flatMap(cutRun) : tokens;
}

function cutRun(token: string): string[] {
  if (!NO_SPACES.test(token)) return [token];
  const parts: string[] = [];
  for (const part of segmenter.segment(token)) if (part.isWordLike === true) parts.push(part.segment);
  return parts;
}

/** The form under which words are counted: lower case, without a possessive or a plain plural. */
export function normalForm(token: string): string {
  const lower = token.toLowerCase().replaceAll("’", "'").replace(/'s?$/u, "");
  if (lower.length > 4 && lower.endsWith("ies")) return `${lower.slice(0, -3)}y`;
  if (lower.length > 3 && lower.endsWith("s") && !/(?:ss|us|is)$/u.test(lower)) return lower.slice(0, -1);
  return lower;
}

/** False for function words, single letters and bare numbers. */
export function isInformative(token: string): boolean {
  const lower = token.toLowerCase().replaceAll("’", "'");
  if (STOP.has(lower) || !/\p{L}/u.test(lower)) return false;
  return lower.length > 1 || NO_SPACES.test(lower);
}

/** Normal forms of the informative words of a text, with repetitions. */
export function informativeWords(text: string): string[] {
  return tokensOf(text).filter(isInformative).map(normalForm);
}

export type WordWeights = ReadonlyMap<string, number>;

/** How much each informative word of the texts says. */
export function weighWords(texts: readonly string[]): WordWeights {
  const counts = new Map<string, number>();
  const names = new Set<string>();
  for (const text of texts) {
    for (const [place, token] of tokensOf(text).entries()) {
      if (!isInformative(token)) continue;
      const form = normalForm(token);
      counts.set(form, (counts.get(form) ?? 0) + 1);
      if (place > 0 && /^\p{Lu}/u.test(token)) names.add(form);
    }
  }
  const weights = new Map<string, number>();
  for (const [form, count] of counts) {
    const long = NO_SPACES.test(form) ? 1 : Math.min(1, form.length / 6);
    weights.set(form, (1 + Math.log2(count)) * long * (names.has(form) ? 1.3 : 1));
  }
  return weights;
}

/** Weight of the distinct informative words of a text, together. */
export function weightOf(text: string, weights: WordWeights): number {
  let sum = 0;
  for (const form of new Set(informativeWords(text))) sum += weights.get(form) ?? 0;
  return sum;
}
