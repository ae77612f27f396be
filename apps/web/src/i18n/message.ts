/**
 * Messages as data: what is to be said, by the id of a message in `locales/en.json`, with the facts that belong into it. Functions
 * that decide on words return these; only `Words` makes text of them, in the language of the person. An id that is not in the
 * catalogue does not compile.
 */
import type { Amount } from "./amounts.ts";

export type MessageId = keyof typeof import("../../locales/en.json");

/** A message may stand in another one where both are whole sentences. */
export type Value = string | number | Amount | Message;

export type Values = Readonly<Record<string, Value>>;

export interface Message {
  readonly id: MessageId;
  readonly values?: Values;
}

/** A string is shown as it is: a name, or a code that is not known. */
export type Text = Message | string;

export function message(id: MessageId, values?: Values): Message {
  return values === undefined ? { id } : { id, values };
}

/** One sentence after the other. */
export function sentences(first: Message, second: Message): Message {
  return message("shell.two_sentences", { first, second });
}
