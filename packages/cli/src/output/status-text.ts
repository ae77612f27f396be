/** What `holdfast status` says about a server, in words for somebody who sees it for the first time. */
import type { ListedUpload, Readiness } from "@holdfast/client";
import type { Conversation } from "@holdfast/contract";
import { barOf, spaced } from "./words.ts";

/** One line: can a person record now, and what keeps them from it. */
export function healthText(url: string, { ok, parts }: Readiness): string {
  const all = Object.entries(parts);
  const fine = all.filter(([, part]) => part.ok).map(([name]) => `${name} ok`);
  if (ok) return `${url} is ready: ${fine.join(", ")}`;
  const broken = all.filter(([, part]) => !part.ok).map(([name, { why }]) => why ?? `${name} is not ok`);
  const rest = fine.length === 0 ? "" : ` (${fine.join(", ")})`;
  return `${url} is NOT ready: ${broken.join("; ")}${rest}. What was recorded is kept; \`holdfast doctor\` says what to do`;
}

export type InWork = Readonly<Partial<Record<Conversation["status"], number>>>;

const STATES: Readonly<Record<string, string>> = {
  in_progress: "being recorded or transcribed",
  processing: "being finished",
  merging: "being merged",
};

export function inWorkText(uploads: number, conversations: InWork): string {
  const parts = [
    ...(uploads === 0 ? [] : [count(uploads, "upload")]),
    ...Object.entries(conversations)
      .filter(([, number]) => number > 0)
      .map(([state, number]) => `${count(number, "conversation")} ${STATES[state] ?? state}`),
  ];
  return `In work: ${parts.length === 0 ? "nothing" : parts.join(", ")}`;
}

/** An upload that is not final, why it waits, and with `bar` how far it is. */
export function uploadLine(upload: ListedUpload, bar = false): string {
  const { file_names, status, reason_code, processed_segments: done, total_segments: total } = upload;
  const shown = bar && total > 0 ? `  ${barOf(done / total)} ${done} of ${total} segments` : "";
  return `  ${file_names.join(", ")}: ${status}${reason_code === undefined ? "" : ` (${spaced(reason_code)})`}${shown}`;
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}
