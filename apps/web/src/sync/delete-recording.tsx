/** Asks before a recording is deleted, in stronger words where sound would be lost. */
import type { HoldfastClient, Recording } from "@holdfast/client";
import { rowActions } from "@holdfast/core";
import { Button, Group, Modal, Stack, Text } from "@mantine/core";
import { type JSX, useRef } from "react";
import { useWords } from "../i18n/use-words.tsx";
import { deleteWords } from "./sync-words.ts";

interface Props {
  readonly client: HoldfastClient;
  /** Null: nobody is asked. */
  readonly recording: Recording | null;
  readonly onClose: () => void;
}

export function DeleteRecording({ client, recording, onClose }: Props): JSX.Element {
  const { t } = useWords();
  // The words stay while the dialog fades.
  const words = useRef(deleteWords("waiting", true));
  const state = recording === null ? undefined : client.sync.explain(recording.id)?.state;
  if (state !== undefined) words.current = deleteWords(state, rowActions(state).deleteLoses);
  const { title, text, action } = words.current;
  const remove = (): void => {
    onClose();
    if (recording !== null) void client.sync.remove([recording.id]);
  };
  return (
    // Mantine locks scrolling by an injected style element, which our content security policy forbids.
    <Modal opened={recording !== null} onClose={onClose} centered lockScroll={false} withCloseButton={false}>
      <Stack>
        <Modal.Title fw={650}>{t(title)}</Modal.Title>
        <Text>{t(text)}</Text>
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {t("sync.delete.keep")}
          </Button>
          <Button color="red.9" onClick={remove}>
            {t(action)}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
