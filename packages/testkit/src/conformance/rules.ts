/**
 * What a conformance suite is made of: rules with an id and one sentence, each checked for itself, and a report of all of them. A
 * check throws `NotKept` with what was seen instead, or `NotOffered` where the other side does not claim to do this at all;
 * anything else that it throws (no answer, for one) counts against the rule as well. Knows nothing of who is checked.
 */

export interface Rule<C> {
  readonly id: string;
  /** What holds, in one sentence. */
  readonly says: string;
  check(context: C): Promise<void>;
}

export interface RuleResult {
  readonly id: string;
  readonly says: string;
  readonly outcome: "kept" | "not_kept" | "not_offered";
  /** What was seen; null where the rule was kept. */
  readonly seen: string | null;
}

export interface ConformanceReport {
  /** Who was checked. */
  readonly subject: string;
  /** No rule was broken. */
  readonly conforms: boolean;
  readonly results: readonly RuleResult[];
}

class NotKept extends Error {
  override readonly name = "NotKept";
}

export class NotOffered extends Error {
  override readonly name = "NotOffered";
}

/** Throws NotKept with what was seen, unless `holds`. */
export function see(holds: boolean, seen: string): asserts holds {
  if (!holds) throw new NotKept(seen);
}

/** One rule after the other. */
export async function checkRules<C>(
  subject: string,
  rules: readonly Rule<C>[],
  context: C,
): Promise<ConformanceReport> {
  const results: RuleResult[] = [];
  for (const rule of rules) results.push(await checkRule(rule, context));
  return reportOf(subject, results);
}

export function reportOf(subject: string, results: readonly RuleResult[]): ConformanceReport {
  return { subject, conforms: results.every(({ outcome }) => outcome !== "not_kept"), results };
}

export async function checkRule<C>(rule: Rule<C>, context: C): Promise<RuleResult> {
  const { id, says } = rule;
  try {
    await rule.check(context);
    return { id, says, outcome: "kept", seen: null };
  } catch (error) {
    if (error instanceof NotOffered) return { id, says, outcome: "not_offered", seen: error.message };
    return { id, says, outcome: "not_kept", seen: error instanceof Error ? error.message : String(error) };
  }
}

const MARKS = { kept: "✓", not_kept: "✗", not_offered: "–" } as const;

/** A line for each rule, with what was seen below those that were not kept, and a sum. */
export function conformanceText({ subject, results }: ConformanceReport): string {
  const lines = results.map(({ id, says, outcome, seen }) => {
    const below = seen === null ? "" : `\n      ${seen}`;
    return `${MARKS[outcome]} ${id.padEnd(4)} ${says}${below}`;
  });
  const count = (outcome: RuleResult["outcome"]): number => results.filter((each) => each.outcome === outcome).length;
  const sum = `${count("kept")} kept, ${count("not_kept")} not kept, ${count("not_offered")} not offered`;
  return `${subject}\n${lines.join("\n")}\n${sum}\n`;
}
