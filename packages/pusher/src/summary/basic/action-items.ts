/**
 * Tasks that somebody took on or asked for, found by the English phrases people use for them ("I need to …", "remind me to
 * …", "please send …", "let's … by Friday", "TODO: …"), written as an imperative with a due date where one was clear. Made to
 * miss rather than to invent: denied, asked and merely imagined tasks are left out.
 */
import { capitalise, cut, trimPhrase, withoutFillers } from "./phrase.ts";
import type { Sentence } from "./sentences.ts";
import { findWhen } from "./when.ts";
import { informativeWords, tokensOf } from "./words.ts";

export interface FoundTask {
  readonly description: string;
  readonly dueMs: number | null;
}

export const MAX_TASKS = 10;
export const TASK_CHARACTERS = 120;

interface Rule {
  /** Everything after the match, up to the end of the clause, is the task. */
  readonly phrase: RegExp;
  /** The task must begin with a verb of doing. */
  readonly needsVerb?: boolean;
  /** Only with a clear time. */
  readonly needsTime?: boolean;
}

const SOFTENERS = "(?:(?:really|also|still|just|probably|definitely|then|all|now) )*";
const RULES: readonly Rule[] = [
  { phrase: /\b(?:to-?do|action item|next step)s?(?: here| for (?:me|us|you))?\s*(?::|is to|is|-)\s*/giu },
  {
    phrase:
      /\b(?:remind me|remember|(?:don't|do not|let's not) forget|make sure|be sure)(?: that)?(?: (?:we|you|i))?(?: to)?\s+/giu,
  },
  {
    phrase: new RegExp(
      `\\b(?:i|we|you)(?:'ve)? ${SOFTENERS}(?:need|have|got|ought|am supposed|are supposed)(?: got)? to\\s+`,
      "giu",
    ),
  },
  {
    phrase: new RegExp(`\\b(?:i|we|you)(?:'d better| had better| ${SOFTENERS}(?:must|should))\\s+${SOFTENERS}`, "giu"),
  },
  { phrase: /\b(?:i|we)(?:'ve)? gotta\s+/giu },
  { phrase: /\b(?:(?:can|could|would|will) you(?: please)?|please)\s+/giu, needsVerb: true },
  {
    phrase: new RegExp(
      `\\b(?:i|we)(?:'ll| will|'m going to|'re going to| am going to| are going to| gonna) ${SOFTENERS}`,
      "giu",
    ),
    needsVerb: true,
  },
  { phrase: /\blet's\s+/giu, needsVerb: true, needsTime: true },
];

/** What makes the words before a task a question, a denial or a thought instead. */
const UNREAL =
  /(?:\b(?:if|whether|unless|when|why|what|how|where|who|did|didn't|don't|do|does|doesn't|not|never|used|think that)|n't)\s*$/iu;
const NO_TASK = new Set(
  `be say admit agree know think feel wonder believe understand mention hope wait see tell not never been have like love hate
  stop keep live die sleep look remember forget worry guess imagine realize realise consider expect want need mind note always
  the a an this that it i we you he she they my our your only get`.split(/\s+/u),
);
const DOING = new Set(
  `send email mail call phone text message write draft prepare finish complete review check book schedule arrange order buy
  pick pay submit file update fix test deploy ship set organise organize follow contact ask invite share upload print sign
  renew cancel return clean bring make talk meet read add create remove plan confirm remind reply respond register apply visit
  take drop collect measure document publish present build get put move transfer install download replace repair wash water
  feed post translate record investigate discuss decide choose compare forward hand deliver speak give start launch close open
  merge release hire interview train research look find`.split(/\s+/u),
);
const CLAUSE_END =
  /[.!?;。！？]|,\s|\s-\s|\s(?:but|because|so that|otherwise|although|since|while|so|if|which)\s|\s(?:and|then|or)(?: then)?\s(?=(?:i|we|you|he|she|they|it|that|please|can|could|remind|don't|let's)\b)/iu;

export function actionItemsOf(sentences: readonly Sentence[], startedAtMs: number): FoundTask[] {
  const found: FoundTask[] = [];
  const seen = new Set<string>();
  for (const sentence of sentences) {
    for (const task of tasksIn(sentence.text, startedAtMs)) {
      const key = [...new Set(informativeWords(task.description))].sort().join(" ");
      if (key === "" || seen.has(key)) continue;
      seen.add(key);
      found.push(task);
      if (found.length === MAX_TASKS) return found;
    }
  }
  return found;
}

function tasksIn(sentence: string, startedAtMs: number): FoundTask[] {
  const text = withoutFillers(sentence.replaceAll("’", "'"));
  const tasks: { at: number; end: number; task: FoundTask }[] = [];
  for (const rule of RULES) {
    for (const match of text.matchAll(rule.phrase)) {
      const from = match.index + match[0].length;
      if (UNREAL.test(text.slice(0, match.index))) continue;
      const rest = text.slice(from);
      const end = rest.search(CLAUSE_END);
      const clause = end === -1 ? rest : rest.slice(0, end);
      const covered = tasks.some((other) => match.index < other.end && from + clause.length > other.at);
      if (covered) continue;
      const when = findWhen(clause, startedAtMs) ?? (tasks.length === 0 ? findWhen(text, startedAtMs) : undefined);
      const description = describe(clause, rule);
      if (description === undefined || (rule.needsTime === true && when === undefined)) continue;
      tasks.push({ at: match.index, end: from + clause.length, task: { description, dueMs: when?.ms ?? null } });
    }
  }
  return tasks.sort((a, b) => a.at - b.at).map(({ task }) => task);
}

function describe(clause: string, rule: Rule): string | undefined {
  const phrase = trimPhrase(clause.replace(/^(?:please|to|just|also)\s+/iu, ""));
  const [verb = ""] = tokensOf(phrase);
  const lower = verb.toLowerCase();
  if (NO_TASK.has(lower) && !(rule.needsVerb === true && DOING.has(lower))) return undefined;
  if (rule.needsVerb === true && !DOING.has(lower)) return undefined;
  if (tokensOf(phrase).length < 2 || informativeWords(phrase).length === 0) return undefined;
  return cut(capitalise(phrase), TASK_CHARACTERS);
}
