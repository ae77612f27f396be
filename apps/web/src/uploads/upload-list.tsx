/** The dropped files that are on their way, each with what happens to it now, as the recording log and the engine know it. */

import type { HoldfastClient, Recording } from "@holdfast/client";
import { ActionIcon, Button, Progress, Text } from "@mantine/core";
import { IconAlertCircle, IconCircleCheck, IconFileMusic, IconX } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { type JSX, useEffect, useState, useSyncExternalStore } from "react";
import { fileSize, wholeSeconds } from "../shell/amounts.ts";
import cards from "../shell/card-list.module.css";
import { useServices } from "../shell/services.ts";
import { recordings } from "../sync/sync-words.ts";
import { useSync } from "../sync/use-sync.ts";
import { type Import, importedRows } from "./imports.ts";
import classes from "./upload-list.module.css";
import { jobWords, sentShare, uploadFailure, waitWords } from "./upload-words.ts";

/** More are on the page of recordings. */
const MOST_ROWS = 12;

export function UploadList(): JSX.Element | null {
  const { imports, openedAtMs } = useServices();
  const state = useSyncExternalStore(imports.subscribe, imports.snapshot);
  const view = useSync();
  const rows = view === null ? [] : importedRows(view.client.log.recordings.values(), state, openedAtMs);
  if (state.list.length + rows.length === 0) return null;
  return (
    <section aria-label="Files being added">
      <ul className={cards.list}>
        {state.list.map((each) => (
          <ImportRow key={each.id} each={each} />
        ))}
        {view !== null &&
          rows
            .slice(0, MOST_ROWS)
            .map((recording) => <RecordingRow key={recording.id} client={view.client} recording={recording} />)}
      </ul>
      {rows.length > MOST_ROWS && (
        <Text size="sm" c="dimmed" mt="xs" px={16}>
          <Link to="/sync" className={classes.link}>
            {recordings(rows.length - MOST_ROWS)} more
          </Link>
        </Text>
      )}
    </section>
  );
}

/** A file that is not in the log: it is being copied, or was refused. */
function ImportRow({ each: { id, file, failure } }: { readonly each: Import }): JSX.Element {
  const { imports } = useServices();
  const isOver = failure !== null;
  return (
    <li className={cards.card} data-testid="upload" data-state={isOver ? "failed" : "copying"}>
      <Sign look={isOver ? "bad" : "quiet"} />
      <div className={cards.body}>
        <Text fw={550} truncate="end" title={file.name}>
          {file.name}
        </Text>
        <Text size="sm" c="dimmed" role={isOver ? "alert" : "status"}>
          {failure ?? `Keeping it on this device, ${fileSize(file.size)}`}
        </Text>
      </div>
      {isOver && <Again onAgain={() => void imports.retry(id)} />}
      {isOver && <TakeOff name={file.name} onTakeOff={() => imports.dismiss(id)} />}
    </li>
  );
}

interface RecordingRowProps {
  readonly client: HoldfastClient;
  readonly recording: Recording;
}

function RecordingRow({ client, recording }: RecordingRowProps): JSX.Element | null {
  const { imports } = useServices();
  const explanation = client.sync.explain(recording.id);
  if (explanation === null) return null;
  const { state } = explanation;
  const name = recording.originalName ?? "";
  const isBad = explanation.next === "person_retries" || explanation.next === "person_deletes";
  const isDone = state === "synced";
  const takeOff = (): void => {
    imports.hide(recording.id);
    // The file is still where it was dropped from; the copy of a refused one is of no use.
    if (isBad) void client.sync.remove([recording.id]);
  };
  return (
    <li className={cards.card} data-testid="upload" data-state={state}>
      <Sign look={isDone ? "good" : isBad ? "bad" : "quiet"} />
      <div className={cards.body}>
        <Text fw={550} truncate="end" title={name}>
          {name}
        </Text>
        <Text size="sm" c="dimmed" role={isBad ? "alert" : "status"} component="div">
          <StateText client={client} recording={recording} />
        </Text>
        <Bar client={client} recording={recording} />
      </div>
      {explanation.next === "person_retries" && <Again onAgain={() => void client.sync.retry([recording.id])} />}
      {(isDone || isBad) && <TakeOff name={name} onTakeOff={takeOff} />}
    </li>
  );
}

function StateText({ client, recording }: RecordingRowProps): JSX.Element | null {
  const { sync } = client;
  const explanation = sync.explain(recording.id);
  if (explanation === null) return null;
  const { state } = explanation;
  switch (state) {
    case "syncing": {
      const share = sentShare(sync.status);
      return <>Uploading{share === null ? "" : `, ${percent(share)}`}</>;
    }
    case "waiting":
    case "retrying":
      return (
        <>
          {waitWords(explanation)}
          {explanation.atMs !== null && (
            <>
              . Trying again in <Countdown untilMs={explanation.atMs} />.
            </>
          )}
        </>
      );
    case "uploaded":
      return <>{jobWords(sync.jobs.get(recording.jobId ?? ""))}</>;
    case "synced":
      return <DoneText id={recording.conversationId} />;
    case "failed":
    case "corrupted":
    case "too_old":
    case "unsupported_audio":
    case "upload_rejected":
      return <>{uploadFailure(explanation.why)}</>;
    default:
      return state satisfies never;
  }
}

function DoneText({ id }: { readonly id: string | null }): JSX.Element {
  if (id === null) return <>Nothing was said in it, so there is no conversation.</>;
  return (
    <Link to="/conversations/$id" params={{ id }} className={classes.link}>
      Open the conversation
    </Link>
  );
}

function Bar({ client: { sync }, recording }: RecordingRowProps): JSX.Element | null {
  const isSending = sync.sending.has(recording.id);
  if (!isSending && recording.status !== "uploaded") return null;
  const job = sync.jobs.get(recording.jobId ?? "");
  const known = isSending
    ? sentShare(sync.status)
    : (job?.processedSegments ?? 0) / Math.max(1, job?.totalSegments ?? 1);
  // While nothing is known about how far the work is, a full, moving bar says that it goes on.
  const isOpenEnded = known === null || (known === 0 && !isSending);
  return (
    <Progress
      className={classes.bar}
      size="sm"
      value={isOpenEnded ? 100 : known * 100}
      animated={isOpenEnded}
      aria-label={`${isSending ? "Uploading" : "Transcribing"} ${recording.originalName ?? ""}`}
    />
  );
}

function Sign({ look }: { readonly look: "good" | "bad" | "quiet" }): JSX.Element {
  if (look === "good") return <IconCircleCheck className={classes.good} size={24} aria-hidden />;
  if (look === "bad") return <IconAlertCircle className={classes.bad} size={24} aria-hidden />;
  return <IconFileMusic className={classes.quiet} size={24} aria-hidden />;
}

function Again({ onAgain }: { readonly onAgain: () => void }): JSX.Element {
  return (
    <Button size="compact-sm" variant="light" onClick={onAgain}>
      Try again
    </Button>
  );
}

function TakeOff({ name, onTakeOff }: { readonly name: string; readonly onTakeOff: () => void }): JSX.Element {
  return (
    <ActionIcon variant="subtle" color="gray" aria-label={`Take ${name} off this list`} onClick={onTakeOff}>
      <IconX size={18} aria-hidden />
    </ActionIcon>
  );
}

function Countdown({ untilMs }: { readonly untilMs: number }): JSX.Element {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, []);
  return <>{wholeSeconds(Math.max(0, untilMs - now))}</>;
}

function percent(share: number): string {
  return new Intl.NumberFormat(undefined, { style: "percent" }).format(share);
}
