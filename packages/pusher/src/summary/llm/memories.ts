/**
 * Facts about the user, as reference listen-and-pusher 6.4 bounds them: at most two `interesting` and two `system` ones, short,
 * none that repeats another. Too long ones are dropped, not cut: half a fact may say the opposite.
 */
import { z } from "zod";
import { informativeWords, tokensOf } from "../basic/words.ts";
import type { MemoryFact } from "../port.ts";

const PER_CATEGORY = 2;
/** "About 15 words". */
const MAX_WORDS = 20;
const MAX_CHARACTERS = 200;
/** Share of common words above which two facts are the same. */
const SAME = 0.6;

const Fact = z.object({ content: z.string(), category: z.string().catch("system") });

export function chooseMemories(values: readonly unknown[]): MemoryFact[] {
  const chosen: MemoryFact[] = [];
  for (const value of values.slice(0, 50)) {
    const parsed = Fact.safeParse(typeof value === "string" ? { content: value } : value);
    if (!parsed.success) continue;
    const content = parsed.data.content.replace(/\s+/gu, " ").trim();
    const category = parsed.data.category.trim().toLowerCase() === "interesting" ? "interesting" : "system";
    if (content === "" || content.length > MAX_CHARACTERS || tokensOf(content).length > MAX_WORDS) continue;
    if (chosen.filter((fact) => fact.category === category).length === PER_CATEGORY) continue;
    if (chosen.some((fact) => areSame(fact.content, content))) continue;
    chosen.push({ content, category });
  }
  return chosen;
}

export function areSame(a: string, b: string): boolean {
  const left = wordSet(a);
  const right = wordSet(b);
  const common = [...left].filter((word) => right.has(word)).length;
  return common / Math.max(1, Math.min(left.size, right.size)) > SAME;
}

function wordSet(text: string): Set<string> {
  const words = informativeWords(text);
  return new Set(words.length > 0 ? words : [text.toLowerCase()]);
}
