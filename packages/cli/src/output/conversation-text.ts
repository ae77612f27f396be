/** A conversation, and a list of them, for a person to read on a terminal. */

import { transcriptText } from "@holdfast/client";
import type { Conversation } from "@holdfast/contract";
import color from "picocolors";

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

export function conversationLine(conversation: Conversation): string {
  const at = conversation.started_at ?? conversation.created_at;
  return `${at.slice(0, 16).replace("T", " ")}  ${conversation.status.padEnd(11)}  ${titleOf(conversation)}`;
}

function titleOf({ structured, discarded }: Conversation): string {
  const title = structured.title === "" ? "(no title yet)" : `${structured.emoji} ${structured.title}`;
  return discarded ? `${title} (discarded)` : title;
}

function summaryNote({ summary_kind, state_reason }: Conversation): string {
  const kind = summary_kind === "basic" ? ", basic summary" : "";
  return `${kind}${state_reason === null || state_reason === undefined ? "" : `, ${state_reason}`}`;
}
