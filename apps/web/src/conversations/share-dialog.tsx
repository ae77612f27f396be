/** Sharing by link: says what others will see before anything is shared, then gives the link, and ends it again. */
import type { Conversation } from "@holdfast/contract";
import { Alert, Button, Group, Modal, Stack, Text } from "@mantine/core";
import type { JSX } from "react";
import { useWords } from "../i18n/use-words.tsx";
import { CopyField } from "../settings/copy-field.tsx";
import { useShareLink, useVisibility } from "./queries.ts";

interface Props {
  readonly conversation: Conversation;
  readonly opened: boolean;
  readonly onClose: () => void;
}

export function ShareDialog({ conversation: { id, visibility }, opened, onClose }: Props): JSX.Element {
  const { t } = useWords();
  const change = useVisibility(id);
  const isShared = visibility !== "private";
  const link = useShareLink(id, opened && isShared);
  return (
    // Mantine locks scrolling by an injected style element, which our content security policy forbids.
    <Modal opened={opened} onClose={onClose} centered lockScroll={false} withCloseButton={false}>
      <Stack>
        <Modal.Title fw={650}>{t("conversation.share.title")}</Modal.Title>
        <Text>{t("conversation.share.text")}</Text>
        {isShared && link.data !== undefined && <CopyField label={t("conversation.share.link")} text={link.data} />}
        {(change.isError || link.isError) && (
          <Alert color="red" role="alert">
            {t("conversation.who.failed")}
          </Alert>
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {t("conversation.close")}
          </Button>
          {isShared ? (
            <Button color="red.9" loading={change.isPending} onClick={() => change.mutate("private")}>
              {t("conversation.share.stop")}
            </Button>
          ) : (
            <Button loading={change.isPending} onClick={() => change.mutate("shared")}>
              {t("conversation.share.start")}
            </Button>
          )}
        </Group>
      </Stack>
    </Modal>
  );
}
