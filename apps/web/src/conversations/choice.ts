/**
 * Which conversations are on show, as the address says it: `?show=starred&q=release`. What the address says wrongly is not said,
 * so that an old or mistyped link shows everything.
 */
import type { ConversationChoice } from "@holdfast/client";
import type { MessageId } from "../i18n/message.ts";

export const SHOWN = ["all", "starred", "unfinished", "failed", "audio"] as const;

export type Shown = (typeof SHOWN)[number];

/** Of the address; absent means all, and no search. */
export interface ListSearch {
  readonly show?: Exclude<Shown, "all">;
  readonly q?: string;
}

export const SHOWN_NAMES: Readonly<Record<Shown, MessageId>> = {
  all: "home.show.all",
  starred: "conversation.starred",
  unfinished: "home.show.unfinished",
  failed: "conversation.state.failed",
  audio: "home.show.audio",
};

export function readSearch(search: Readonly<Record<string, unknown>>): ListSearch {
  const show = SHOWN.find((each) => each === search.show);
  // The router reads numbers and the like as such.
  const q = search.q === undefined || typeof search.q === "object" ? "" : String(search.q).trim();
  return { ...(show === undefined || show === "all" ? {} : { show }), ...(q === "" ? {} : { q }) };
}

const CHOICES: Readonly<Record<Shown, ConversationChoice>> = {
  all: {},
  starred: { starred: true },
  unfinished: { statuses: ["in_progress", "processing", "merging"] },
  failed: { statuses: ["failed"] },
  audio: { hasAudio: true },
};

export function choiceOf(shown: Shown): ConversationChoice {
  return CHOICES[shown];
}
