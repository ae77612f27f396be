/**
 * Makes a catalogue of ICU messages ready for the page: each is parsed here, so that the page carries no parser. A message of
 * plain words stays a string; the others become the list of elements that the formatter walks.
 */
import { type MessageFormatElement, parse } from "@formatjs/icu-messageformat-parser";

export type CompiledCatalogue = Readonly<Record<string, string | readonly MessageFormatElement[]>>;

/** Throws, with the id of the message, where one is no ICU message. */
export function compileCatalogue(
  messages: Readonly<Record<string, string>>,
  change: (elements: readonly MessageFormatElement[]) => readonly MessageFormatElement[] = (elements) => elements,
): CompiledCatalogue {
  return Object.fromEntries(
    Object.entries(messages).map(([id, text]) => [id, withoutElements(change(parsed(id, text)))]),
  );
}

/** The elements of one message. Throws, with its id, where it is no ICU message. */
export function parsed(id: string, text: string): readonly MessageFormatElement[] {
  try {
    return parse(text, { requiresOtherClause: true });
  } catch (cause) {
    throw new Error(`${id} is no ICU message: ${text}`, { cause });
  }
}

function withoutElements(elements: readonly MessageFormatElement[]): string | readonly MessageFormatElement[] {
  const [only] = elements;
  return elements.length === 1 && only?.type === LITERAL ? only.value : elements;
}

/** `TYPE.literal` of the parser; its enum does not exist under `isolatedModules`. */
const LITERAL = 0;
