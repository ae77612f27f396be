/** A state as a coloured word with a dot; the word alone carries the meaning. */
import type { JSX } from "react";
import type { MessageId } from "../i18n/message.ts";
import { useWords } from "../i18n/use-words.tsx";
import classes from "./state-badge.module.css";
import type { StateWords } from "./state-words.ts";

interface Props {
  readonly word: MessageId;
  readonly tone: StateWords["tone"];
}

export function StateBadge({ word, tone }: Props): JSX.Element {
  return (
    <span className={classes.badge} data-tone={tone}>
      <span className={classes.dot} aria-hidden />
      {useWords().t(word)}
    </span>
  );
}
