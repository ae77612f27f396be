/**
 * Whether what was recorded says anything: a few sounds of agreement are kept and shown, but nobody is asked to summarise
 * them, until more arrives (reference offline-sync 5.4). When in doubt it is worth keeping.
 */
import { wordsOf } from "./words.ts";

export type SyncRelevance = "keep" | "review";

const MAX_WORDS = 12;
const MAX_SECONDS = 15;

const FILLERS = new Set("ah eh er erm ha haha hahaha hm hmm huh mhm mm mmh mmhm oh uh uhm um umm".split(" "));

export interface SpokenText {
  readonly startMs: number;
  readonly endMs: number;
  readonly text: string;
}

/** `lines` are all that was said in the conversation. */
export function relevanceOf(lines: readonly SpokenText[]): SyncRelevance {
  const words = lines.flatMap((line) => wordsOf(line.text));
  const seconds = lines.reduce((sum, line) => sum + Math.max(0, line.endMs - line.startMs), 0) / 1000;
  if (words.length === 0 || words.length > MAX_WORDS || seconds > MAX_SECONDS) return "keep";
  return words.every((word) => FILLERS.has(word)) ? "review" : "keep";
}
