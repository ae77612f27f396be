/**
 * What a language model answered, made into what we promise. Models add words around the JSON, leave fields out, invent
 * categories and write dates in many ways; all of that is repaired or dropped field by field. What cannot be used at all (no
 * JSON object, no title) gives undefined. Sizes are bounded here, whatever the model wrote.
 */
import { CATEGORIES, Structured } from "@holdfast/contract";
import { z } from "zod";
import { emojiOf } from "../basic/category.ts";
import { shorten } from "../basic/phrase.ts";
import type { Summary } from "../port.ts";
import { chooseMemories } from "./memories.ts";

const LIMITS = { title: 100, overview: 4_000, tasks: 50, description: 500, events: 20, eventTitle: 200 } as const;
const EVENT_MINUTES = 30;
const MAX_EVENT_MINUTES = 180;

const Text = z.coerce.string().catch("");
const List = z.array(z.unknown()).catch([]);
const Answer = z.object({
  discard: z.boolean().catch(false),
  title: z.string().catch(""),
  overview: z.string().catch(""),
  emoji: z.string().catch(""),
  category: z.string().catch("other"),
  action_items: List,
  events: List,
  memories: List,
});
const Task = z.union([
  z.object({ description: z.string(), due_at: z.unknown().optional() }),
  z.string().transform((description) => ({ description, due_at: undefined })),
]);
const Event = z.object({
  title: z.string(),
  description: Text,
  start: z.unknown(),
  duration: z.coerce.number().catch(EVENT_MINUTES),
});

/** `text` is the model's message; undefined where it holds no usable answer. */
export function parseAnswer(text: string, mayDiscard: boolean): Summary | undefined {
  const parsed = Answer.safeParse(extractObject(text));
  if (!parsed.success) return undefined;
  const answer = parsed.data;
  if (mayDiscard && answer.discard) return { structured: Structured.parse({}), memories: [], discard: true };
  const title = oneLine(answer.title).replace(/^["“'](.*)["”']$/u, "$1");
  if (title === "") return undefined;
  const named = answer.category.trim().toLowerCase();
  const category = CATEGORIES.includes(named) ? named : "other";
  const structured = Structured.parse({
    title: shorten(title, LIMITS.title),
    overview: shorten(answer.overview.trim(), LIMITS.overview),
    emoji: firstEmoji(answer.emoji) ?? emojiOf(category),
    category,
    action_items: answer.action_items.flatMap(taskOf).slice(0, LIMITS.tasks),
    events: answer.events.flatMap(eventOf).slice(0, LIMITS.events),
  });
  return { structured, memories: chooseMemories(answer.memories), discard: false };
}

/** The first JSON object in the text: alone, in a fenced block, or among other words. */
export function extractObject(text: string): unknown {
  const thought = text.replace(/<think>[\s\S]*?<\/think>/gu, "");
  for (const candidate of candidates(thought)) {
    try {
      const value: unknown = JSON.parse(candidate);
      if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
    } catch {
      // Not this one; the next may be.
    }
  }
  return undefined;
}

function candidates(text: string): string[] {
  const fenced = [...text.matchAll(/```(?:json)?\s*([\s\S]*?)```/giu)].map((match) => match[1] ?? "");
  const first = text.indexOf("{");
  const last = text.lastIndexOf("}");
  const outer = first !== -1 && last > first ? [text.slice(first, last + 1)] : [];
  return [text, ...fenced, ...outer];
}

function taskOf(value: unknown): unknown[] {
  const parsed = Task.safeParse(value);
  if (!parsed.success) return [];
  const description = oneLine(parsed.data.description);
  if (description === "") return [];
  return [{ description: shorten(description, LIMITS.description), due_at: isoTime(parsed.data.due_at) ?? null }];
}

function eventOf(value: unknown): unknown[] {
  const parsed = Event.safeParse(value);
  if (!parsed.success) return [];
  const title = oneLine(parsed.data.title);
  const start = isoTime(parsed.data.start);
  if (title === "" || start === undefined) return [];
  const { description, duration } = parsed.data;
  const minutes = Number.isFinite(duration) && duration > 0 ? Math.min(duration, MAX_EVENT_MINUTES) : EVENT_MINUTES;
  return [
    {
      title: shorten(title, LIMITS.eventTitle),
      description: shorten(description.trim(), LIMITS.description),
      start,
      duration: minutes,
    },
  ];
}

const ISO = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2})(:\d{2}(?:\.\d+)?)?)?\s*(Z|[+-]\d{2}:?\d{2})?$/u;

/** An ISO time in UTC, or undefined. A day alone is its end; a time without a zone is UTC, as the prompt says. */
export function isoTime(value: unknown): string | undefined {
  const match = typeof value === "string" ? ISO.exec(value.trim()) : null;
  if (match === null) return undefined;
  const [, day, clock, seconds = ":00", zone = "Z"] = match;
  const offset = zone === "Z" || zone.includes(":") ? zone : `${zone.slice(0, 3)}:${zone.slice(3)}`;
  const ms = Date.parse(clock === undefined ? `${day}T23:59:00Z` : `${day}T${clock}${seconds}${offset}`);
  return Number.isFinite(ms) ? new Date(ms).toISOString() : undefined;
}

const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });

function firstEmoji(text: string): string | undefined {
  for (const { segment } of graphemes.segment(text.slice(0, 40))) {
    if (/\p{Extended_Pictographic}|\p{Regional_Indicator}/u.test(segment)) return segment;
  }
  return undefined;
}

function oneLine(text: string): string {
  return text.replace(/\s+/gu, " ").trim();
}
