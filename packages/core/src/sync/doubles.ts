/**
 * The same speech that came live and again as a recording (reference offline-sync 5.5, the layer of text and clock slop). The
 * two clocks differ by up to ten minutes, and live words are grouped into other lines than recorded ones, so lines are looked
 * for among the words that were heard live.
 *
 * 1. A line of at least 20 characters or 4 words that was heard live word for word speaks for one distance of the clocks.
 * 2. The distance that most lines speak for is believed where at least two do, or all lines that there are. Nothing is a
 *    double otherwise.
 * 3. At that distance, a line whose words were heard live is a double: first those word for word, then those of which four in
 *    five words were heard in order. A word that was heard once makes no two lines doubles, so whoever says a thing twice
 *    and was heard once keeps the second.
 */
import type { SpokenText } from "./relevance.ts";
import { wordsOf } from "./words.ts";

const SLOP_MS = 600_000;
/** Words of a long live line are placed by their share of it; pauses in it put them off by seconds. */
const TOLERANCE_MS = 5_000;
const MIN_CHARACTERS = 20;
const MIN_WORDS = 4;
const MIN_LINES = 2;
const MIN_HEARD = 0.8;
/** Places looked at for one line; only a phrase said again and again has more. */
const MAX_PLACES = 20;

interface Word {
  readonly word: string;
  readonly atMs: number;
  taken: boolean;
}

interface Line<T> {
  readonly line: T;
  readonly words: readonly string[];
}

interface Place {
  readonly index: number;
  readonly distanceMs: number;
}

/** Those of `lines` that were not heard live, in their order. */
export function withoutDoubles<T extends SpokenText>(live: readonly SpokenText[], lines: readonly T[]): T[] {
  const heard = liveWords(live);
  const said = lines
    .map((line) => ({ line, words: wordsOf(line.text) }))
    .sort((a, b) => a.line.startMs - b.line.startMs);
  const distanceMs = clockDistance(heard, said);
  if (distanceMs === undefined) return [...lines];
  const doubles = new Set<T>();
  for (const isHeard of [wordForWord, mostly]) {
    for (const { line, words } of said) {
      if (doubles.has(line) || words.length === 0) continue;
      const fromMs = line.startMs + distanceMs - TOLERANCE_MS;
      const toMs = line.endMs + distanceMs + TOLERANCE_MS;
      const near = heard.filter(({ atMs, taken }) => !taken && atMs >= fromMs && atMs <= toMs);
      const found = isHeard(near, words);
      for (const word of found ?? []) word.taken = true;
      if (found !== undefined) doubles.add(line);
    }
  }
  return lines.filter((line) => !doubles.has(line));
}

function liveWords(live: readonly SpokenText[]): Word[] {
  return [...live]
    .sort((a, b) => a.startMs - b.startMs)
    .flatMap(({ startMs, endMs, text }) => {
      const words = wordsOf(text);
      const stepMs = (endMs - startMs) / Math.max(1, words.length);
      return words.map((word, at) => ({ word, atMs: startMs + at * stepMs, taken: false }));
    });
}

/** From the clock of the recording to that of the live words; undefined where nothing sure can be said. */
function clockDistance<T extends SpokenText>(heard: readonly Word[], said: readonly Line<T>[]): number | undefined {
  const firsts = Map.groupBy(heard.keys(), (index) => heard[index]?.word ?? "");
  const places = said
    .flatMap((line, at) =>
      isTelling(line)
        ? placesOf(heard, firsts.get(line.words[0] ?? "") ?? [], line).map((place) => ({ at, ...place }))
        : [],
    )
    .sort((a, b) => a.distanceMs - b.distanceMs);
  let best: { readonly lines: number; readonly distanceMs: number } | undefined;
  for (const [from, first] of places.entries()) {
    const near = places.slice(from).filter(({ distanceMs }) => distanceMs - first.distanceMs <= TOLERANCE_MS);
    const lines = new Set(near.map(({ at }) => at)).size;
    const distanceMs = near[near.length >> 1]?.distanceMs ?? first.distanceMs;
    const isNearer = lines === best?.lines && Math.abs(distanceMs) < Math.abs(best.distanceMs);
    if (lines > (best?.lines ?? 0) || isNearer) best = { lines, distanceMs };
  }
  const spoken = said.filter(({ words }) => words.length > 0).length;
  return best !== undefined && best.lines >= Math.min(MIN_LINES, spoken) ? best.distanceMs : undefined;
}

/** Long enough that two people hardly say it by chance. */
function isTelling<T extends SpokenText>({ line, words }: Line<T>): boolean {
  return words.length >= MIN_WORDS || line.text.trim().length >= MIN_CHARACTERS;
}

function placesOf<T extends SpokenText>(
  heard: readonly Word[],
  candidates: readonly number[],
  { line, words }: Line<T>,
): Place[] {
  return candidates
    .filter((index) => words.every((word, at) => heard[index + at]?.word === word))
    .map((index) => ({ index, distanceMs: (heard[index]?.atMs ?? 0) - line.startMs }))
    .filter(({ distanceMs }) => Math.abs(distanceMs) <= SLOP_MS)
    .sort((a, b) => Math.abs(a.distanceMs) - Math.abs(b.distanceMs))
    .slice(0, MAX_PLACES);
}

function wordForWord(near: readonly Word[], words: readonly string[]): Word[] | undefined {
  for (let from = 0; from + words.length <= near.length; from += 1) {
    if (words.every((word, at) => near[from + at]?.word === word)) return near.slice(from, from + words.length);
  }
  return undefined;
}

/** The longest run of words in order, if it is most of them. Too few words prove nothing that way. */
function mostly(near: readonly Word[], words: readonly string[]): Word[] | undefined {
  if (words.length < MIN_WORDS) return undefined;
  const found = longestCommon(near, words);
  return found.length >= words.length * MIN_HEARD ? found : undefined;
}

/** Words of `near` that are a longest common subsequence of both. */
function longestCommon(near: readonly Word[], words: readonly string[]): Word[] {
  const width = words.length + 1;
  const lengths = new Uint16Array((near.length + 1) * width);
  const length = (row: number, column: number): number => lengths[row * width + column] ?? 0;
  for (let row = near.length - 1; row >= 0; row -= 1) {
    for (let column = words.length - 1; column >= 0; column -= 1) {
      lengths[row * width + column] =
        near[row]?.word === words[column]
          ? length(row + 1, column + 1) + 1
          : Math.max(length(row + 1, column), length(row, column + 1));
    }
  }
  const found: Word[] = [];
  for (let row = 0, column = 0; row < near.length && column < words.length; ) {
    const word = near[row];
    if (word !== undefined && word.word === words[column]) {
      found.push(word);
      row += 1;
      column += 1;
    } else if (length(row + 1, column) >= length(row, column + 1)) row += 1;
    else column += 1;
  }
  return found;
}
