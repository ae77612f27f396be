/** Asks once more before a conversation is deleted, since there is no way back. */
import { Alert, Button, Group, Modal, Stack, Text } from "@mantine/core";
import type { JSX } from "react";
import { useWords } from "../i18n/use-words.tsx";

interface Props {
  readonly opened: boolean;
  readonly isDeleting: boolean;
  readonly hasFailed: boolean;
  readonly onClose: () => void;
  readonly onDelete: () => void;
}

export function DeleteDialog({ opened, isDeleting, hasFailed, onClose, onDelete }: Props): JSX.Element {
  const { t } = useWords();
  return (
    // Mantine locks scrolling by an injected style element, which our content security policy forbids.
    <Modal opened={opened} onClose={onClose} centered lockScroll={false} withCloseButton={false}>
      <Stack>
        <Modal.Title fw={650}>{t("conversation.delete.title")}</Modal.Title>
        <Text>{t("conversation.delete.text")}</Text>
        {hasFailed && (
          <Alert color="red" role="alert">
            {t("conversation.delete.failed")}
          </Alert>
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {t("conversation.delete.keep")}
          </Button>
          <Button color="red.9" loading={isDeleting} onClick={onDelete}>
            {t("conversation.delete")}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
