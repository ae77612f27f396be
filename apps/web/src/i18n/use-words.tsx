/** The words of the page, for components. */
import { createContext, createElement, Fragment, type JSX, type ReactElement, useContext } from "react";
import type { MessageId, Value } from "./message.ts";
import type { Words, Wrap } from "./words.ts";

export const WordsContext = createContext<Words | null>(null);

export function useWords(): Words {
  const words = useContext(WordsContext);
  if (words === null) throw new Error("useWords is used outside of WordsContext");
  return words;
}

interface RichProps {
  readonly id: MessageId;
  readonly values: Readonly<Record<string, Value | ReactElement | Wrap<ReactElement>>>;
}

/** A message with elements in it: in the place of an argument, or around what one of its tags encloses. */
export function Rich({ id, values }: RichProps): JSX.Element {
  return createElement(Fragment, null, ...useWords().parts<ReactElement>(id, values));
}
