/** The title as a heading that can be rewritten in place: Enter keeps, Escape gives up, leaving the field keeps. */
import { ActionIcon, Group, TextInput, Title, Tooltip } from "@mantine/core";
import { IconPencil } from "@tabler/icons-react";
import { type JSX, useEffect, useRef, useState } from "react";
import { useWords } from "../i18n/use-words.tsx";
import classes from "./title-editor.module.css";

interface Props {
  readonly title: string;
  readonly shown: string;
  readonly onRename: (title: string) => void;
}

const LONGEST_TITLE = 300;

export function TitleEditor({ title, shown, onRename }: Props): JSX.Element {
  const { t } = useWords();
  const [draft, setDraft] = useState<string | null>(null);
  const field = useRef<HTMLInputElement>(null);
  const pencil = useRef<HTMLButtonElement>(null);
  const isEditing = draft !== null;
  useEffect(() => {
    if (isEditing) field.current?.select();
  }, [isEditing]);

  const finish = (keep: boolean): void => {
    const wanted = draft?.trim() ?? "";
    setDraft(null);
    if (keep && wanted !== "" && wanted !== title) onRename(wanted);
  };

  if (draft !== null) {
    return (
      <TextInput
        ref={field}
        aria-label={t("conversation.title")}
        dir="auto"
        size="lg"
        maxLength={LONGEST_TITLE}
        classNames={{ input: classes.field ?? "" }}
        value={draft}
        onChange={(event) => setDraft(event.currentTarget.value)}
        onBlur={() => finish(true)}
        onKeyDown={(event) => {
          if (event.key !== "Enter" && event.key !== "Escape") return;
          finish(event.key === "Enter");
          requestAnimationFrame(() => pencil.current?.focus());
        }}
      />
    );
  }
  return (
    <Group gap={6} wrap="nowrap" align="flex-start">
      <Title order={1} className={classes.title} dir="auto">
        {shown}
      </Title>
      <Tooltip label={t("conversation.rename")}>
        <ActionIcon
          ref={pencil}
          variant="subtle"
          color="gray"
          size="lg"
          aria-label={t("conversation.rename")}
          onClick={() => setDraft(title)}
        >
          <IconPencil size={18} aria-hidden />
        </ActionIcon>
      </Tooltip>
    </Group>
  );
}
