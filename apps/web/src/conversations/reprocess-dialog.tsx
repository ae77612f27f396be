/** Asks once more before a conversation is written up again, since what is there now is replaced. */
import { Alert, Button, Group, Modal, Stack, Text } from "@mantine/core";
import type { JSX } from "react";
import { useWords } from "../i18n/use-words.tsx";
import { useReprocess } from "./queries.ts";

interface Props {
  readonly conversationId: string;
  readonly opened: boolean;
  readonly onClose: () => void;
}

export function ReprocessDialog({ conversationId, opened, onClose }: Props): JSX.Element {
  const { t } = useWords();
  const reprocess = useReprocess(conversationId);
  return (
    // Mantine locks scrolling by an injected style element, which our content security policy forbids.
    <Modal opened={opened} onClose={onClose} centered lockScroll={false} withCloseButton={false}>
      <Stack>
        <Modal.Title fw={650}>{t("conversation.reprocess.title")}</Modal.Title>
        <Text>{t("conversation.reprocess.text")}</Text>
        {reprocess.isError && (
          <Alert color="red" role="alert">
            {t("conversation.reprocess.failed")}
          </Alert>
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {t("conversation.who.cancel")}
          </Button>
          <Button loading={reprocess.isPending} onClick={() => reprocess.mutate(undefined, { onSuccess: onClose })}>
            {t("conversation.reprocess")}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
