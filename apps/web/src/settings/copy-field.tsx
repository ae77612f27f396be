/** A text to take along: shown whole, and copied by a button. Where the page may not copy, it is marked, so that the person can. */
import { Button, TextInput } from "@mantine/core";
import { type JSX, useId, useRef, useState } from "react";
import { useWords } from "../i18n/use-words.tsx";
import classes from "./settings.module.css";

export function CopyField({ label, text }: { readonly label: string; readonly text: string }): JSX.Element {
  const { t } = useWords();
  const id = useId();
  const field = useRef<HTMLInputElement>(null);
  const [isCopied, setIsCopied] = useState(false);
  const copy = async (): Promise<void> => {
    field.current?.select();
    try {
      // Not there on pages that are not secure.
      await navigator.clipboard.writeText(text);
      setIsCopied(true);
    } catch {
      setIsCopied(false);
    }
  };
  return (
    <div className={classes.copy}>
      <TextInput
        ref={field}
        label={label}
        value={text}
        readOnly
        dir="ltr"
        spellCheck={false}
        classNames={{ input: classes.mono }}
        labelProps={{ id: `${id}-label` }}
        onFocus={({ currentTarget }) => currentTarget.select()}
      />
      <Button
        variant="default"
        id={`${id}-copy`}
        aria-labelledby={`${id}-copy ${id}-label`}
        onClick={() => void copy()}
      >
        <span role="status">{t(isCopied ? "tokens.copied" : "tokens.copy")}</span>
      </Button>
    </div>
  );
}
