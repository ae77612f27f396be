/** What syncing is, in three steps, and what each state of a recording means (reference client-sync 7.2.14). */
import type { DisplayState } from "@holdfast/core";
import { Button, Group, Modal, Stack, Text } from "@mantine/core";
import type { JSX } from "react";
import type { MessageId } from "../i18n/message.ts";
import { useWords } from "../i18n/use-words.tsx";
import classes from "./sync-sheets.module.css";
import { rowWords } from "./sync-words.ts";

const STEPS = ["send", "transcribe", "ready"] as const;

/** States that mean the same stand together; a missing one is a fault of its test. */
export const MEANINGS: readonly (readonly [states: readonly DisplayState[], meaning: MessageId])[] = [
  [["waiting"], "sync.info.waiting"],
  [["syncing"], "sync.info.syncing"],
  [["uploaded"], "sync.info.uploaded"],
  [["synced"], "sync.info.synced"],
  [["retrying"], "sync.info.retrying"],
  [["failed"], "sync.info.failed"],
  [["corrupted", "too_old", "unsupported_audio", "upload_rejected"], "sync.info.final"],
];

interface Props {
  readonly isOpen: boolean;
  readonly onClose: () => void;
}

export function SyncInfo({ isOpen, onClose }: Props): JSX.Element {
  const { t } = useWords();
  return (
    // Mantine locks scrolling by an injected style element, which our content security policy forbids.
    <Modal opened={isOpen} onClose={onClose} centered lockScroll={false} withCloseButton={false}>
      <Stack>
        <Modal.Title fw={650}>{t("sync.info")}</Modal.Title>
        <Text>{t("sync.info.intro")}</Text>
        <ol className={classes.steps}>
          {STEPS.map((step) => (
            <li key={step}>{t(`sync.info.step.${step}`)}</li>
          ))}
        </ol>
        <Text size="sm" c="dimmed">
          {t("sync.info.failures")}
        </Text>
        <h3 className={classes.heading}>{t("sync.info.states")}</h3>
        <dl className={classes.states}>
          {MEANINGS.map(([states, meaning]) => (
            <div key={meaning}>
              {states.map((state) => (
                <dt key={state} data-tone={rowWords(state).tone}>
                  {t(rowWords(state).text)}
                </dt>
              ))}
              <dd>{t(meaning)}</dd>
            </div>
          ))}
        </dl>
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose} data-autofocus>
            {t("sync.info.close")}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
