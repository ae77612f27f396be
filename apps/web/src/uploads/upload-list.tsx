/** The dropped files that are on their way, each with what happens to it now, as the recording log and the engine know it. */

import type { Explanation, HoldfastClient, Recording } from "@holdfast/client";
import { ActionIcon, Button, Progress, Text } from "@mantine/core";
import { IconAlertCircle, IconCircleCheck, IconFileMusic, IconX } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { type JSX, useEffect, useState, useSyncExternalStore } from "react";
import { fileSize, wholeSeconds } from "../i18n/amounts.ts";
import { message, sentences } from "../i18n/message.ts";
import { useWords } from "../i18n/use-words.tsx";
import cards from "../shell/card-list.module.css";
import { useServices } from "../shell/services.ts";
import { useSync } from "../sync/use-sync.ts";
import { type Import, importedRows } from "./imports.ts";
import classes from "./upload-list.module.css";
import { jobWords, sentShare, uploadFailure, waitWords } from "./upload-words.ts";

/** More are on the page of recordings. */
const MOST_ROWS = 12;

export function UploadList(): JSX.Element | null {
  const { t } = useWords();
  const { imports, openedAtMs } = useServices();
  const state = useSyncExternalStore(imports.subscribe, imports.snapshot);
  const view = useSync();
  const rows = view === null ? [] : importedRows(view.client.log.recordings.values(), state, openedAtMs);
  if (state.list.length + rows.length === 0) return null;
  return (
    <section aria-label={t("upload.label")}>
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
            {t("upload.more", { count: rows.length - MOST_ROWS })}
          </Link>
        </Text>
      )}
    </section>
  );
}

/** A file that is not in the log: it is being copied, or was refused. */
function ImportRow({ each: { id, file, failure } }: { readonly each: Import }): JSX.Element {
  const { t, say } = useWords();
  const { imports } = useServices();
  const isOver = failure !== null;
  return (
    <li className={cards.card} data-testid="upload" data-state={isOver ? "failed" : "copying"}>
      <Sign look={isOver ? "bad" : "quiet"} />
      <div className={cards.body}>
        <Text fw={550} truncate="end" title={file.name}>
          <bdi>{file.name}</bdi>
        </Text>
        <Text size="sm" c="dimmed" role={isOver ? "alert" : "status"}>
          {failure === null ? t("upload.copying", { size: fileSize(file.size) }) : say(failure)}
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
          <bdi>{name}</bdi>
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
  const { say, t } = useWords();
  const { sync } = client;
  const explanation = sync.explain(recording.id);
  if (explanation === null) return null;
  const { state } = explanation;
  switch (state) {
    case "syncing": {
      const share = sentShare(sync.status);
      return (
        <>{share === null ? t("upload.uploading") : t("upload.uploading_share", { share: { as: "share", share } })}</>
      );
    }
    case "waiting":
    case "retrying":
      return <Wait explanation={explanation} />;
    case "uploaded":
      return <>{say(jobWords(sync.jobs.get(recording.jobId ?? "")))}</>;
    case "synced":
      return <DoneText id={recording.conversationId} />;
    case "failed":
    case "corrupted":
    case "too_old":
    case "unsupported_audio":
    case "upload_rejected":
      return <>{say(uploadFailure(explanation.why))}</>;
    default:
      return state satisfies never;
  }
}

function DoneText({ id }: { readonly id: string | null }): JSX.Element {
  const { t } = useWords();
  if (id === null) return <>{t("upload.nothing_said")}</>;
  return (
    <Link to="/conversations/$id" params={{ id }} className={classes.link}>
      {t("upload.open")}
    </Link>
  );
}

function Bar({ client: { sync }, recording }: RecordingRowProps): JSX.Element | null {
  const { t } = useWords();
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
      aria-label={t(isSending ? "upload.bar.uploading" : "upload.bar.transcribing", {
        name: recording.originalName ?? "",
      })}
    />
  );
}

function Sign({ look }: { readonly look: "good" | "bad" | "quiet" }): JSX.Element {
  if (look === "good") return <IconCircleCheck className={classes.good} size={24} aria-hidden />;
  if (look === "bad") return <IconAlertCircle className={classes.bad} size={24} aria-hidden />;
  return <IconFileMusic className={classes.quiet} size={24} aria-hidden />;
}

function Again({ onAgain }: { readonly onAgain: () => void }): JSX.Element {
  const { t } = useWords();
  return (
    <Button size="compact-sm" variant="light" onClick={onAgain}>
      {t("shell.try_again")}
    </Button>
  );
}

function TakeOff({ name, onTakeOff }: { readonly name: string; readonly onTakeOff: () => void }): JSX.Element {
  const { t } = useWords();
  return (
    <ActionIcon variant="subtle" color="gray" aria-label={t("upload.take_off", { name })} onClick={onTakeOff}>
      <IconX size={18} aria-hidden />
    </ActionIcon>
  );
}

/** What it waits for, and while a next try is planned, the seconds until then. */
function Wait({ explanation }: { readonly explanation: Explanation }): JSX.Element {
  const { say } = useWords();
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, []);
  const words = waitWords(explanation);
  if (explanation.atMs === null) return <>{say(words)}</>;
  const length = wholeSeconds(Math.max(0, explanation.atMs - now));
  return <>{say(sentences(words, message("upload.trying_again", { length })))}</>;
}
