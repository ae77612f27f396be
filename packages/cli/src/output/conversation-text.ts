/** A conversation, and a list of them, for a person to read on a terminal. Times are local. */
import { transcriptText } from "@holdfast/client";
import type { Conversation } from "@holdfast/contract";
import color from "picocolors";
import { localDay, spaced, two } from "./words.ts";

export function conversationText(conversation: Conversation): string {
  const { structured } = conversation;
  const transcript = transcriptText(conversation.transcript_segments);
  const lines = [
    `${color.bold(titleOf(conversation))}  ${color.dim(conversation.status + summaryNote(conversation))}`,
    color.dim(`  id ${conversation.id}`),
    ...(structured.overview === "" ? [] : [`  ${structured.overview}`]),
    ...structured.action_items.map((item) => `  [ ] ${item.description}`),
    transcript === "" ? color.dim("  no words") : `  “${transcript}”`,
  ];
  return lines.join("\n");
}

export type ListedConversation = Pick<
  Conversation,
  "started_at" | "created_at" | "status" | "state_reason" | "structured" | "discarded"
>;

export function conversationLine(conversation: ListedConversation): string {
  const at = new Date(conversation.started_at ?? conversation.created_at);
  const waits = conversation.status === "completed" ? null : conversation.state_reason;
  const why = waits === null ? "" : color.dim(` (${spaced(waits)})`);
  return `${localMinute(at)}  ${spaced(conversation.status).padEnd(11)}  ${titleOf(conversation)}${why}`;
}

/** As the clock on the wall shows it, in an order that can be sorted. */
function localMinute(at: Date): string {
  return `${localDay(at)} ${two(at.getHours())}:${two(at.getMinutes())}`;
}

function titleOf({ structured, discarded }: Pick<Conversation, "structured" | "discarded">): string {
  const title = structured.title === "" ? "(no title yet)" : `${structured.emoji} ${structured.title}`;
  return discarded ? `${title} (discarded)` : title;
}

function summaryNote({ summary_kind, state_reason }: Conversation): string {
  const kind = summary_kind === "basic" ? ", basic summary" : "";
  return `${kind}${state_reason === null || state_reason === undefined ? "" : `, ${state_reason}`}`;
}
