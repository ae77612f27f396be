/** What stands for a conversation in a list while it has no title, and how long it is. */
import type { Conversation } from "@holdfast/contract";
import { message, type Text } from "../i18n/message.ts";

const FIRST_WORDS_CHARACTERS = 180;

export function shownTitle(conversation: Pick<Conversation, "structured">): Text {
  const { title } = conversation.structured;
  return title === "" ? message("conversation.untitled") : title;
}

export function firstWords(conversation: Pick<Conversation, "transcript_segments">): string {
  let text = "";
  for (const segment of conversation.transcript_segments) {
    text = `${text} ${segment.text.trim()}`.trimStart();
    if (text.length > FIRST_WORDS_CHARACTERS) return `${text.slice(0, FIRST_WORDS_CHARACTERS).trimEnd()}…`;
  }
  return text;
}

/** From the beginning to the end as the server knows it; 0 while the end is not known. */
export function lengthMs(conversation: Pick<Conversation, "started_at" | "finished_at">): number {
  if (conversation.started_at === null || conversation.finished_at === null) return 0;
  return Math.max(0, Date.parse(conversation.finished_at) - Date.parse(conversation.started_at));
}
