/** A conversation as plain text: title, time, summary, things to do, and the transcript, one line a segment. */
import type { Conversation } from "@holdfast/contract";
import { paragraphs } from "./markdown.ts";
import { clockTime, dayAndTime, needsHours, oneLine, type PeopleNames, spokenOf, titleOf } from "./spoken.ts";

export function plainTextOf(conversation: Conversation, names: PeopleNames): string {
  const { structured } = conversation;
  const head = [titleOf(conversation), dayAndTime(conversation.started_at ?? conversation.created_at)];
  const items = structured.action_items.map(({ completed, description }) => {
    return `[${completed ? "x" : " "}] ${oneLine(description)}`;
  });
  const spoken = spokenOf(conversation, names);
  const hours = needsHours(spoken);
  const turns = spoken.map(({ speaker, text, startMs }) => `[${clockTime(startMs, hours)}] ${speaker}: ${text}`);
  const blocks = [head, paragraphs(structured.overview), items, turns].filter((lines) => lines.length > 0);
  return `${blocks.map((lines) => lines.join("\n")).join("\n\n")}\n`;
}
