/**
 * The built-in summariser: extractive, deterministic, without a model, so that a conversation always gets a usable title,
 * overview, category and tasks. It says only what was said. It writes no memories: to know what is a fact about the user
 * takes understanding. It never throws and never waits.
 */
import { Structured } from "@holdfast/contract";
import type { Summary, SummaryInput } from "../port.ts";
import { actionItemsOf } from "./action-items.ts";
import { eventsOf } from "./calendar.ts";
import { categoryOf, emojiOf } from "./category.ts";
import { overviewOf } from "./overview.ts";
import { sentencesOf } from "./sentences.ts";
import { titleOf, UNTITLED } from "./title.ts";
import { weighWords } from "./words.ts";
import { isWorthless } from "./worth.ts";

/** Where nothing was said, the first pictures say what there was. */
const SHOWN_PICTURES = 5;

const iso = (ms: number): string => new Date(ms).toISOString();

export function summariseBasic(input: SummaryInput): Summary {
  const sentences = sentencesOf(input.segments);
  if (sentences.length === 0) {
    const overview = (input.pictures ?? []).slice(0, SHOWN_PICTURES).join(" ");
    const structured = Structured.parse({ title: input.mayDiscard ? "" : UNTITLED, overview });
    return { structured, memories: [], discard: input.mayDiscard };
  }
  const texts = sentences.map((sentence) => sentence.text);
  const weights = weighWords(texts);
  const tasks = actionItemsOf(sentences, input.startedAtMs);
  const events = eventsOf(sentences, input.startedAtMs);
  const category = categoryOf(texts);
  const structured = Structured.parse({
    title: titleOf(sentences, weights),
    overview: overviewOf(sentences, weights),
    emoji: emojiOf(category),
    category,
    action_items: tasks.map((task) => ({
      description: task.description,
      due_at: task.dueMs === null ? null : iso(task.dueMs),
    })),
    events: events.map((event) => ({
      title: event.title,
      description: event.description,
      start: iso(event.startMs),
      duration: event.durationMinutes,
    })),
  });
  const discard = input.mayDiscard && isWorthless(sentences, { tasks: tasks.length, events: events.length });
  return { structured, memories: [], discard };
}
