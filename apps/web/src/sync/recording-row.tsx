/** One recording: when and how long, where it is, why and what comes next, and what a person can do about it. */
import type { HoldfastClient, Recording } from "@holdfast/client";
import { rowActions } from "@holdfast/core";
import { ActionIcon, Button, Loader } from "@mantine/core";
import { IconTrash } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { type JSX, memo } from "react";
import { type Amount, duration, fileSize, timeOfDay } from "../i18n/amounts.ts";
import { message } from "../i18n/message.ts";
import { Rich, useWords } from "../i18n/use-words.tsx";
import classes from "./recording-list.module.css";
import { explainWords, rowWords } from "./sync-words.ts";

interface Props {
  readonly client: HoldfastClient;
  readonly recording: Recording;
  /** A new one is a reason to look again: what is explained lies in the engine. */
  readonly version: number;
  /** A person wants it deleted, and was not asked yet. */
  readonly onDelete: (recording: Recording) => void;
}

/** Scrolling draws a row once, and not for each of its neighbours. */
export const RecordingRow = memo(Row);

function Row({ client, recording, onDelete }: Props): JSX.Element | null {
  const { t, say, amount } = useWords();
  const explanation = client.sync.explain(recording.id);
  if (explanation === null) return null;
  const { state } = explanation;
  const { text, tone } = rowWords(state);
  const can = rowActions(state);
  const isBeingRecorded = recording.status === "in_progress";
  const time = timeOfDay(new Date(recording.startedAtMs));
  return (
    <article className={classes.row} data-testid="recording" data-state={state}>
      <div className={classes.body}>
        <p className={classes.title}>
          <Rich
            id="shell.two_facts"
            values={{
              first: <time dateTime={new Date(recording.startedAtMs).toISOString()}>{amount(time)}</time>,
              second: <Length recording={recording} />,
            }}
          />
        </p>
        <p className={classes.state} data-tone={tone}>
          {state === "synced" && recording.conversationId !== null ? (
            <Rich
              id="shell.two_facts"
              values={{ first: message(text), second: <OpenIt id={recording.conversationId} /> }}
            />
          ) : (
            t(isBeingRecorded ? "sync.row.in_progress" : text)
          )}
        </p>
        <p className={classes.why}>{say(explainWords(explanation, Date.now()))}</p>
      </div>
      <div className={classes.actions}>
        {state === "syncing" && <Loader size={20} role="img" aria-label={t("sync.row.syncing")} />}
        {can.retry && (
          <Button
            size="compact-sm"
            variant="light"
            aria-label={t("sync.row.retry.label", { time })}
            onClick={() => void client.sync.retry([recording.id])}
          >
            {t("sync.row.retry")}
          </Button>
        )}
        {can.delete && !isBeingRecorded && (
          <ActionIcon
            variant="subtle"
            color="gray"
            aria-label={t("sync.row.delete.label", { time })}
            onClick={() => onDelete(recording)}
          >
            <IconTrash size={18} aria-hidden />
          </ActionIcon>
        )}
      </div>
    </article>
  );
}

/** A sound file is as long as the server finds out; until then its name and size say which one it is. */
function Length({ recording: { kind, durationMs, originalName, bytes } }: Pick<Props, "recording">): JSX.Element {
  const { amount } = useWords();
  const length: Amount = kind === "sound" ? fileSize(bytes) : duration(durationMs);
  if (originalName === null) return <>{amount(length)}</>;
  return <Rich id="shell.two_facts" values={{ first: <bdi>{originalName}</bdi>, second: length }} />;
}

function OpenIt({ id }: { readonly id: string }): JSX.Element {
  const { t } = useWords();
  return (
    <Link to="/conversations/$id" params={{ id }} className={classes.link}>
      {t("sync.created.open")}
    </Link>
  );
}
