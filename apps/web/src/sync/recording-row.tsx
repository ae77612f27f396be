/** One recording: when and how long, where it is, why and what comes next, and what a person can do about it. */
import type { HoldfastClient, Recording } from "@holdfast/client";
import { rowActions } from "@holdfast/core";
import { ActionIcon, Button, Loader, Text } from "@mantine/core";
import { IconTrash } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { type JSX, memo } from "react";
import { duration, fileSize, moment, timeOfDay } from "../shell/amounts.ts";
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
  const explanation = client.sync.explain(recording.id);
  if (explanation === null) return null;
  const { state } = explanation;
  const { text, tone } = rowWords(state);
  const can = rowActions(state);
  const isBeingRecorded = recording.status === "in_progress";
  const when = timeOfDay(new Date(recording.startedAtMs));
  return (
    <article className={classes.row} data-testid="recording" data-state={state}>
      <div className={classes.body}>
        <Text className={classes.title} truncate="end">
          <time dateTime={new Date(recording.startedAtMs).toISOString()}>{when}</time> · {lengthOf(recording)}
        </Text>
        <Text size="sm" className={classes.state} data-tone={tone}>
          {isBeingRecorded ? "Being recorded" : text}
          {state === "synced" && recording.conversationId !== null && (
            <>
              {" · "}
              <Link to="/conversations/$id" params={{ id: recording.conversationId }} className={classes.link}>
                Open it
              </Link>
            </>
          )}
        </Text>
        <Text size="sm" c="dimmed">
          {explainWords(explanation, (atMs) => moment(atMs, Date.now()))}
        </Text>
      </div>
      <div className={classes.actions}>
        {state === "syncing" && <Loader size={20} role="img" aria-label="Being sent" />}
        {can.retry && (
          <Button
            size="compact-sm"
            variant="light"
            aria-label={`Retry the recording of ${when}`}
            onClick={() => void client.sync.retry([recording.id])}
          >
            Retry
          </Button>
        )}
        {can.delete && !isBeingRecorded && (
          <ActionIcon
            variant="subtle"
            color="gray"
            aria-label={`Delete the recording of ${when}`}
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
function lengthOf({ kind, durationMs, originalName, bytes }: Recording): string {
  const length = kind === "sound" ? fileSize(bytes) : duration(durationMs);
  return originalName === null ? length : `${originalName} · ${length}`;
}
