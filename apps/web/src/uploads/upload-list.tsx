/** The files on their way, each with what happens to it now. */
import { ActionIcon, Button, Progress, Text } from "@mantine/core";
import { IconAlertCircle, IconCircleCheck, IconFileMusic, IconX } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { type JSX, useEffect, useState, useSyncExternalStore } from "react";
import { fileSize, wholeSeconds } from "../shell/amounts.ts";
import cards from "../shell/card-list.module.css";
import { useServices } from "../shell/services.ts";
import classes from "./upload-list.module.css";
import { jobWords } from "./upload-words.ts";
import type { Upload } from "./uploads.ts";

export function UploadList(): JSX.Element | null {
  const { uploads } = useServices();
  const list = useSyncExternalStore(uploads.subscribe, uploads.snapshot);
  if (list.length === 0) return null;
  return (
    <section aria-label="Files being added">
      <ul className={cards.list}>
        {list.map((upload) => (
          <UploadRow key={upload.id} upload={upload} />
        ))}
      </ul>
    </section>
  );
}

function UploadRow({ upload }: { readonly upload: Upload }): JSX.Element {
  const { uploads } = useServices();
  const { file, state } = upload;
  const isOver = state.name === "done" || state.name === "failed";
  return (
    <li className={cards.card} data-testid="upload" data-state={state.name}>
      <StateIcon state={state} />
      <div className={cards.body}>
        <Text fw={550} truncate="end" title={file.name}>
          {file.name}
        </Text>
        <Text size="sm" c="dimmed" role={state.name === "failed" ? "alert" : "status"} component="div">
          <StateText upload={upload} />
        </Text>
        <Bar upload={upload} />
      </div>
      {state.name === "failed" && (
        <Button size="compact-sm" variant="light" onClick={() => uploads.retry(upload.id)}>
          Try again
        </Button>
      )}
      {isOver && (
        <ActionIcon
          variant="subtle"
          color="gray"
          aria-label={`Take ${file.name} off this list`}
          onClick={() => uploads.dismiss(upload.id)}
        >
          <IconX size={18} aria-hidden />
        </ActionIcon>
      )}
    </li>
  );
}

function StateIcon({ state }: Pick<Upload, "state">): JSX.Element {
  if (state.name === "done") return <IconCircleCheck className={classes.good} size={24} aria-hidden />;
  if (state.name === "failed") return <IconAlertCircle className={classes.bad} size={24} aria-hidden />;
  return <IconFileMusic className={classes.quiet} size={24} aria-hidden />;
}

function StateText({ upload: { file, state } }: { readonly upload: Upload }): JSX.Element {
  switch (state.name) {
    case "queued":
      return <>{fileSize(file.size)}, next in line</>;
    case "sending":
      return <>Uploading, {percent(state.sentBytes, file.size)}</>;
    case "waiting":
      return (
        <>
          {state.reason}. Trying again in <Countdown untilMs={state.untilMs} />.
        </>
      );
    case "working":
      return <>{jobWords(state.job)}</>;
    case "done":
      return <DoneText ids={state.conversationIds} />;
    case "failed":
      return <>{state.reason}</>;
    default:
      return state satisfies never;
  }
}

function DoneText({ ids }: { readonly ids: readonly string[] }): JSX.Element {
  const [first] = ids;
  if (first === undefined) return <>Nothing was said in it, so there is no conversation.</>;
  return (
    <Link to="/conversations/$id" params={{ id: first }} className={classes.link}>
      Open the conversation
    </Link>
  );
}

function Bar({ upload: { file, state } }: { readonly upload: Upload }): JSX.Element | null {
  if (state.name !== "sending" && state.name !== "working") return null;
  const job = state.name === "working" ? state.job : null;
  const share =
    state.name === "sending"
      ? state.sentBytes / Math.max(1, file.size)
      : (job?.processed_segments ?? 0) / Math.max(1, job?.total_segments ?? 1);
  // While nothing is known about how far the work is, a full, moving bar says that it goes on.
  const isOpenEnded = state.name === "working" && share === 0;
  return (
    <Progress
      className={classes.bar}
      size="sm"
      value={isOpenEnded ? 100 : share * 100}
      animated={isOpenEnded}
      aria-label={state.name === "sending" ? `Uploading ${file.name}` : `Transcribing ${file.name}`}
    />
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

function percent(part: number, whole: number): string {
  return new Intl.NumberFormat(undefined, { style: "percent" }).format(whole === 0 ? 0 : part / whole);
}
