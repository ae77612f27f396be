/** Deletes recordings of this device by the lot, after asking, and says what came of it (reference client-sync 7.2.15). */
import { Alert, Button, Group, Modal, Stack, Text } from "@mantine/core";
import { IconCircleCheck } from "@tabler/icons-react";
import { type JSX, useId, useState } from "react";
import { useWords } from "../i18n/use-words.tsx";
import { type Cleared, type Clearing, clear, clearable } from "./clearable.ts";
import classes from "./sync-sheets.module.css";
import type { SyncView } from "./sync-watch.ts";

interface Props {
  readonly view: SyncView;
  readonly isOpen: boolean;
  readonly onClose: () => void;
}

export function ManageStorage({ view, isOpen, onClose }: Props): JSX.Element {
  const [asked, setAsked] = useState<Clearing | null>(null);
  const [cleared, setCleared] = useState<Cleared | null>(null);
  const [isBusy, setBusy] = useState(false);
  const close = (): void => {
    setAsked(null);
    setCleared(null);
    onClose();
  };
  const remove = async (what: Clearing): Promise<void> => {
    setBusy(true);
    setCleared(await clear(view.client, what));
    setBusy(false);
    setAsked(null);
  };
  return (
    // Mantine locks scrolling by an injected style element, which our content security policy forbids.
    <Modal opened={isOpen} onClose={close} centered lockScroll={false} withCloseButton={false}>
      {asked === null ? (
        <Lots view={view} cleared={cleared} onAsk={setAsked} onClose={close} />
      ) : (
        <Question what={asked} isBusy={isBusy} onKeep={() => setAsked(null)} onDelete={() => void remove(asked)} />
      )}
    </Modal>
  );
}

interface LotsProps {
  readonly view: SyncView;
  readonly cleared: Cleared | null;
  readonly onAsk: (what: Clearing) => void;
  readonly onClose: () => void;
}

function Lots({ view, cleared, onAsk, onClose }: LotsProps): JSX.Element {
  const { t } = useWords();
  // The view is drawn a moment later; what was just deleted must not be counted any more.
  const { synced, pending } = clearable(view.client.sync.status);
  return (
    <Stack>
      <Modal.Title fw={650}>{t("sync.clear")}</Modal.Title>
      {cleared !== null && <Done {...cleared} />}
      <Lot
        title={t("sync.filter.synced")}
        text={t("sync.clear.synced", { count: synced })}
        isEmpty={synced === 0}
        onClear={() => onAsk("synced")}
      />
      <Lot
        title={t("sync.clear.pending")}
        text={t("sync.clear.pending.text", { count: pending })}
        isEmpty={pending === 0}
        isRisky
        onClear={() => onAsk("pending")}
      />
      <Group justify="space-between">
        <Button
          variant="subtle"
          color="red"
          className={classes.risky}
          disabled={synced + pending === 0}
          onClick={() => onAsk("all")}
        >
          {t("sync.clear.all")}
        </Button>
        <Button variant="default" onClick={onClose} data-autofocus>
          {t("sync.info.close")}
        </Button>
      </Group>
    </Stack>
  );
}

interface LotProps {
  readonly title: string;
  readonly text: string;
  readonly isEmpty: boolean;
  readonly isRisky?: boolean;
  readonly onClear: () => void;
}

function Lot({ title, text, isEmpty, isRisky = false, onClear }: LotProps): JSX.Element {
  const { t } = useWords();
  const id = useId();
  return (
    <div className={classes.lot}>
      <div>
        <Text fw={550} id={id}>
          {title}
        </Text>
        <Text size="sm" className={classes.amount} data-tone={isRisky && !isEmpty ? "warning" : "muted"}>
          {text}
        </Text>
      </div>
      <Button
        id={`${id}-clear`}
        aria-labelledby={`${id}-clear ${id}`}
        className={classes.action}
        variant="light"
        disabled={isEmpty}
        onClick={onClear}
      >
        {t("sync.clear.some")}
      </Button>
    </div>
  );
}

function Done({ deleted, left }: Cleared): JSX.Element {
  const { t } = useWords();
  return (
    <Alert role="status" color={left === 0 ? "kelp" : "gray"} icon={<IconCircleCheck aria-hidden />}>
      {t("sync.clear.done", { count: deleted })} {left > 0 && t("sync.clear.left", { count: left })}
    </Alert>
  );
}

interface QuestionProps {
  readonly what: Clearing;
  readonly isBusy: boolean;
  readonly onKeep: () => void;
  readonly onDelete: () => void;
}

function Question({ what, isBusy, onKeep, onDelete }: QuestionProps): JSX.Element {
  const { t } = useWords();
  return (
    <Stack>
      <Modal.Title fw={650}>{t(`sync.clear.ask.${what}`)}</Modal.Title>
      <Text>{t(`sync.clear.ask.${what}.text`)}</Text>
      <Group justify="flex-end">
        {/* The question takes the place of what had the focus, and no is the safe answer. */}
        <Button variant="default" onClick={onKeep} disabled={isBusy} autoFocus>
          {t("sync.clear.keep")}
        </Button>
        <Button color="red.9" onClick={onDelete} loading={isBusy}>
          {t(what === "synced" ? "sync.delete.copy.confirm" : "sync.clear.confirm")}
        </Button>
      </Group>
    </Stack>
  );
}
