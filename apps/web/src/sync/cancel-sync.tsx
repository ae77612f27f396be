/** Asks before a running sync is cancelled, and says what becomes of what was not sent (reference client-sync 7.2.13). */
import { Button, Group, Modal, Stack, Text } from "@mantine/core";
import type { JSX } from "react";
import { useWords } from "../i18n/use-words.tsx";

interface Props {
  readonly isAsked: boolean;
  readonly onKeep: () => void;
  readonly onCancel: () => void;
}

export function CancelSync({ isAsked, onKeep, onCancel }: Props): JSX.Element {
  const { t } = useWords();
  return (
    // Mantine locks scrolling by an injected style element, which our content security policy forbids.
    <Modal opened={isAsked} onClose={onKeep} centered lockScroll={false} withCloseButton={false}>
      <Stack>
        <Modal.Title fw={650}>{t("sync.cancel")}</Modal.Title>
        <Text>{t("sync.cancel.text")}</Text>
        <Group justify="flex-end">
          <Button variant="default" onClick={onKeep}>
            {t("sync.cancel.keep")}
          </Button>
          <Button color="red.9" onClick={onCancel}>
            {t("sync.cancel.confirm")}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
