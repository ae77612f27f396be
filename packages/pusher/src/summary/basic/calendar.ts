/**
 * Appointments that were said in full: a kind of appointment, a day and a clock time in one sentence, in the future. Anything
 * less explicit is not put into a calendar.
 */
import { capitalise, cut } from "./phrase.ts";
import type { Sentence } from "./sentences.ts";
import { findWhen } from "./when.ts";
import { isInformative } from "./words.ts";

export interface FoundEvent {
  readonly title: string;
  readonly description: string;
  readonly startMs: number;
  readonly durationMinutes: number;
}

const MAX_EVENTS = 5;
const MAX_MINUTES = 180;
const DEFAULT_MINUTES = 30;
const TITLE_CHARACTERS = 80;

const KIND =
  /(?<before>(?:[\p{L}'-]+ ){0,2})(?<kind>meeting|appointment|call|lunch|dinner|breakfast|interview|flight|party|wedding|exam|class|lesson|demo|review|standup|workshop|conference|concert|training|presentation|checkup|check-up|session|train)\b(?<with> with (?:the |my |our )?[\p{L}'-]+(?: and [\p{Lu}][\p{L}'-]+)?)?/iu;
/** "Call the bank" is a task; "a call" is an appointment. */
const VERB_TOO = new Set(["call", "review", "train", "demo", "party"]);
const BEFORE_VERB = /(?:^|[.,]\s*|\b(?:to|please|you|i|we|they|and|or|then|just|will|should|must|can|'ll))\s*$/iu;
const PAST = /\b(?:was|were|had|yesterday|last (?:week|month|year|night)|used to)\b/iu;
const NEGATED = /\b(?:not|no|cancel(?:led|ed)?|isn't|won't|don't)\b/iu;
const DURATION = /\bfor (an?|one|two|three|\d{1,3}) (hour|minute)s?(?<half> and a half)?\b/iu;
const COUNTS: Readonly<Record<string, number>> = { a: 1, an: 1, one: 1, two: 2, three: 3 };

export function eventsOf(sentences: readonly Sentence[], startedAtMs: number): FoundEvent[] {
  const events = new Map<string, FoundEvent>();
  for (const { text } of sentences) {
    const event = eventIn(text.replaceAll("’", "'"), startedAtMs);
    if (event === undefined) continue;
    const key = `${event.title.toLowerCase()} ${event.startMs}`;
    if (!events.has(key)) events.set(key, event);
    if (events.size === MAX_EVENTS) break;
  }
  return [...events.values()];
}

function eventIn(text: string, startedAtMs: number): FoundEvent | undefined {
  const match = KIND.exec(text);
  if (match?.groups === undefined || PAST.test(text) || NEGATED.test(text)) return undefined;
  const when = findWhen(text, startedAtMs);
  if (when === undefined || !when.hasDay || !when.hasTime || when.ms <= startedAtMs) return undefined;
  const kind = match.groups.kind ?? "";
  const ahead = text.slice(0, match.index) + (match.groups.before ?? "");
  if (VERB_TOO.has(kind.toLowerCase()) && BEFORE_VERB.test(ahead)) return undefined;
  const before = (match.groups.before ?? "").split(" ").filter((word) => word !== "" && isInformative(word));
  const title = `${before.join(" ")} ${kind}${match.groups.with ?? ""}`.trim();
  return {
    title: cut(capitalise(title), TITLE_CHARACTERS),
    description: cut(text, 240),
    startMs: when.ms,
    durationMinutes: minutesOf(text),
  };
}

function minutesOf(text: string): number {
  const match = DURATION.exec(text);
  if (match === null) return DEFAULT_MINUTES;
  const said = match[1]?.toLowerCase() ?? "";
  const count = COUNTS[said] ?? Number(said);
  const minutes = match[2]?.toLowerCase() === "hour" ? count * 60 + (match.groups?.half === undefined ? 0 : 30) : count;
  return Math.min(MAX_MINUTES, Math.max(1, minutes));
}
