/** What was learned about the person from a conversation: each can be put right, or deleted after asking once more. */
import type { Conversation, Memory } from "@holdfast/contract";
import { ActionIcon, Alert, Button, Group, Modal, Stack, Text, Textarea, Title, Tooltip } from "@mantine/core";
import { IconPencil, IconTrash } from "@tabler/icons-react";
import { type JSX, useEffect, useRef, useState } from "react";
import { useWords } from "../i18n/use-words.tsx";
import classes from "./conversation-page.module.css";
import { useMemories, useMemoryChange } from "./queries.ts";

const LONGEST = 5_000;

export function Memories({ conversation }: { readonly conversation: Conversation }): JSX.Element | null {
  const { t } = useWords();
  const { data: memories = [] } = useMemories(conversation.id, conversation.updated_at);
  if (memories.length === 0) return null;
  return (
    <section className={classes.card} aria-labelledby="memories">
      <Title order={2} id="memories" size="h5">
        {t("conversation.memories")}
      </Title>
      <Text size="sm" c="dimmed" mb={8}>
        {t("conversation.memories.note")}
      </Text>
      <ul className={classes.items}>
        {memories.map((memory) => (
          <MemoryRow key={memory.id} memory={memory} />
        ))}
      </ul>
    </section>
  );
}

function MemoryRow({ memory }: { readonly memory: Memory }): JSX.Element {
  const { t } = useWords();
  const [doing, setDoing] = useState<"edit" | "delete" | null>(null);
  const pencil = useRef<HTMLButtonElement>(null);
  const wasEditing = useRef(false);
  useEffect(() => {
    // Back to where the person came from.
    if (wasEditing.current && doing === null) pencil.current?.focus();
    wasEditing.current = doing === "edit";
  }, [doing]);
  const close = (): void => setDoing(null);
  if (doing === "edit") {
    return (
      <li>
        <MemoryForm memory={memory} onClose={close} />
      </li>
    );
  }
  const { content } = memory;
  return (
    <li className={classes.memory} data-testid="memory">
      <span dir="auto">{content}</span>
      <Group gap={2} wrap="nowrap">
        <Tooltip label={t("conversation.memory.edit")}>
          <ActionIcon
            ref={pencil}
            variant="subtle"
            color="gray"
            aria-label={t("conversation.memory.edit_this", { memory: content })}
            onClick={() => setDoing("edit")}
          >
            <IconPencil size={17} aria-hidden />
          </ActionIcon>
        </Tooltip>
        <Tooltip label={t("conversation.delete")}>
          <ActionIcon
            variant="subtle"
            color="gray"
            aria-label={t("conversation.memory.delete_this", { memory: content })}
            onClick={() => setDoing("delete")}
          >
            <IconTrash size={17} aria-hidden />
          </ActionIcon>
        </Tooltip>
      </Group>
      <DeleteMemory memory={memory} opened={doing === "delete"} onClose={close} />
    </li>
  );
}

interface MemoryProps {
  readonly memory: Memory;
  readonly onClose: () => void;
}

function MemoryForm({ memory: { id, content }, onClose }: MemoryProps): JSX.Element {
  const { t } = useWords();
  const change = useMemoryChange(id);
  const [text, setText] = useState(content);
  const wanted = text.trim();
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (wanted !== "") change.mutate(wanted, { onSuccess: onClose });
      }}
      onKeyDown={(event) => event.key === "Escape" && onClose()}
    >
      <Stack gap="xs">
        <Textarea
          aria-label={t("conversation.memory")}
          dir="auto"
          size="md"
          rows={3}
          maxLength={LONGEST}
          autoFocus
          value={text}
          onChange={({ currentTarget }) => setText(currentTarget.value)}
        />
        {change.isError && (
          <Alert color="red" role="alert">
            {t("conversation.who.failed")}
          </Alert>
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {t("conversation.who.cancel")}
          </Button>
          <Button type="submit" loading={change.isPending} disabled={wanted === ""}>
            {t("conversation.who.save")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function DeleteMemory({ memory, opened, onClose }: MemoryProps & { readonly opened: boolean }): JSX.Element {
  const { t } = useWords();
  const change = useMemoryChange(memory.id);
  return (
    // Mantine locks scrolling by an injected style element, which our content security policy forbids.
    <Modal opened={opened} onClose={onClose} centered lockScroll={false} withCloseButton={false}>
      <Stack>
        <Modal.Title fw={650}>{t("conversation.memory.delete.title")}</Modal.Title>
        <Text dir="auto">{memory.content}</Text>
        <Text size="sm" c="dimmed">
          {t("conversation.memory.delete.text")}
        </Text>
        {change.isError && (
          <Alert color="red" role="alert">
            {t("conversation.delete.failed")}
          </Alert>
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {t("conversation.delete.keep")}
          </Button>
          <Button color="red.9" loading={change.isPending} onClick={() => change.mutate(null, { onSuccess: onClose })}>
            {t("conversation.delete")}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
