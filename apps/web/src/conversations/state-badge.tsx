/** The state of a conversation as a coloured word with a dot; the word alone carries the meaning. */
import type { JSX } from "react";
import classes from "./state-badge.module.css";
import type { StateWords } from "./state-words.ts";

export function StateBadge({ words }: { readonly words: StateWords }): JSX.Element {
  return (
    <span className={classes.badge} data-tone={words.tone}>
      <span className={classes.dot} aria-hidden />
      {words.label}
    </span>
  );
}
