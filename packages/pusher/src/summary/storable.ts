/**
 * Makes the text of a summary something PostgreSQL stores: no NUL and other control characters, no halves of surrogate pairs.
 * Without this, one strange character from a model would fail the write, and with it the conversation.
 */
import type { Structured } from "@holdfast/contract";
import type { Summary } from "./port.ts";

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is removed.
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/gu;

export function storableText(text: string): string {
  return text.toWellFormed().replace(CONTROL, "");
}

export function storable(summary: Summary): Summary {
  const { structured, memories, discard } = summary;
  const clean: Structured = {
    title: storableText(structured.title),
    overview: storableText(structured.overview),
    emoji: storableText(structured.emoji),
    category: structured.category,
    action_items: structured.action_items.map((item) => ({ ...item, description: storableText(item.description) })),
    events: structured.events.map((event) => ({
      ...event,
      title: storableText(event.title),
      description: storableText(event.description),
    })),
  };
  return {
    structured: clean,
    memories: memories.map((fact) => ({ ...fact, content: storableText(fact.content) })),
    discard,
  };
}
