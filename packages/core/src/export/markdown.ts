/**
 * A conversation as a Markdown document (CommonMark): title, facts, summary, things to do, events, transcript. What somebody
 * said is never markup: every character that could begin some is escaped, so that it shows as it was said.
 */
import type { Conversation } from "@holdfast/contract";
import { clockTime, dayAndTime, needsHours, oneLine, type PeopleNames, spokenOf, titleOf } from "./spoken.ts";

export function markdownOf(conversation: Conversation, names: PeopleNames): string {
  const { structured } = conversation;
  const started = conversation.started_at ?? conversation.created_at;
  const blocks = [`# ${escapeMarkdown(titleOf(conversation))}`, escapeMarkdown(dayAndTime(started))];
  const overview = paragraphs(structured.overview);
  if (overview.length > 0) blocks.push("## Summary", ...overview.map(escapeMarkdown));
  if (structured.action_items.length > 0) {
    const items = structured.action_items.map(({ completed, description, due_at }) => {
      const due = due_at === null ? "" : ` (due ${due_at.slice(0, 10)})`;
      return `- [${completed ? "x" : " "}] ${escapeMarkdown(oneLine(description) + due)}`;
    });
    blocks.push("## Action items", items.join("\n"));
  }
  if (structured.events.length > 0) {
    const events = structured.events.map(
      ({ title, start }) => `- ${escapeMarkdown(`${dayAndTime(start)}: ${oneLine(title)}`)}`,
    );
    blocks.push("## Events", events.join("\n"));
  }
  const spoken = spokenOf(conversation, names);
  const hours = needsHours(spoken);
  const turns = spoken.map(({ speaker, text, startMs }) => {
    return `**${escapeMarkdown(speaker)}** (${clockTime(startMs, hours)}): ${escapeMarkdown(text)}`;
  });
  if (turns.length > 0) blocks.push("## Transcript", ...turns);
  return `${blocks.join("\n\n")}\n`;
}

export function paragraphs(text: string): string[] {
  return text
    .split(/\n+/u)
    .map(oneLine)
    .filter((line) => line !== "");
}

/** Characters that begin or end something wherever they stand. */
const INLINE = /[\\`*_[\]<>&#|~!$^]/gu;

/** One line of text that shows as it is, wherever in a document it stands. */
export function escapeMarkdown(line: string): string {
  return line
    .replace(INLINE, "\\$&")
    .replace(/^[-+=:]/u, "\\$&")
    .replace(/^(\d{1,9})([.)])/u, "$1\\$2");
}
