/** When the server is asked again, and what comes of answers that overlap; decided here, done in queries.ts. */
import { type Conversation, isHoldfastError } from "@holdfast/contract";
import { stateWords } from "./state-words.ts";

export const PAGE = 50;
export const UNFINISHED_POLL_MS = 1_500;
export const IDLE_POLL_MS = 20_000;

type Shown = Pick<Conversation, "status" | "state_reason" | "discarded">;

function isUnfinished(conversation: Shown): boolean {
  return stateWords(conversation)?.unfinished === true;
}

/** For a list: quickly as long as the server is at work on something in it. */
export function listPollMs(conversations: readonly Shown[] | undefined): number {
  return conversations?.some(isUnfinished) === true ? UNFINISHED_POLL_MS : IDLE_POLL_MS;
}

/** For one conversation, which may not be there yet; never again for one that is gone. */
export function onePollMs(conversation: Shown | undefined, error: unknown): number | false {
  if (isGone(error)) return false;
  return conversation === undefined || isUnfinished(conversation) ? UNFINISHED_POLL_MS : IDLE_POLL_MS;
}

/** The server answered that there is no such conversation. */
export function isGone(error: unknown): boolean {
  return isHoldfastError(error) && (error.code === "not_found" || error.code === "conversation_not_found");
}

/** Where the next page begins; undefined behind the last one. */
export function nextOffset(pages: readonly (readonly unknown[])[]): number | undefined {
  return (pages.at(-1)?.length ?? 0) < PAGE ? undefined : pages.length * PAGE;
}

/** A conversation that begins while pages are read moves the others: each is shown once, as it was read last. */
export function withoutRepeats<T extends { readonly id: string }>(pages: readonly (readonly T[])[]): T[] {
  return [...new Map(pages.flat().map((conversation) => [conversation.id, conversation])).values()];
}
