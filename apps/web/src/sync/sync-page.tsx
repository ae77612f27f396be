/** Where every recording of this device is: how syncing stands, what came of it, what it takes, and each with its reason. */
import { Stack, Text, Title } from "@mantine/core";
import { IconCircleCheck } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import type { JSX } from "react";
import { ElsewhereNote } from "../device/elsewhere-note.tsx";
import { useDevice } from "../device/use-device.ts";
import { RetentionSetting } from "../settings/retention-setting.tsx";
import { usePageTitle } from "../shell/use-page-title.ts";
import { RecordingList } from "./recording-list.tsx";
import { StatusCard } from "./status-card.tsx";
import { StorageFacts } from "./storage-facts.tsx";
import classes from "./sync-page.module.css";
import { createdWords } from "./sync-words.ts";
import { useSync } from "./use-sync.ts";

export function SyncPage(): JSX.Element {
  const view = useSync();
  const device = useDevice();
  usePageTitle("Recordings");
  return (
    <Stack gap="lg">
      <div>
        <Title order={1} size="h2">
          Recordings
        </Title>
        <Text c="dimmed">What was recorded or dropped in this browser, and where each one is.</Text>
      </div>
      <ElsewhereNote />
      {view === null && device.name === "opening" && <Text role="status">Opening the recordings…</Text>}
      {view !== null && (
        <>
          <StatusCard view={view} />
          <Created ids={view.status.conversations.created} />
          <details className={classes.card}>
            <summary className={classes.summary}>On this device</summary>
            <div className={classes.device}>
              <StorageFacts client={view.client} />
              <RetentionSetting client={view.client} />
            </div>
          </details>
          <RecordingList view={view} />
        </>
      )}
    </Stack>
  );
}

function Created({ ids }: { readonly ids: readonly string[] }): JSX.Element | null {
  const [first] = ids;
  if (first === undefined) return null;
  return (
    <div className={classes.created} data-testid="conversations-created">
      <IconCircleCheck size={24} className={classes.good} aria-hidden />
      <Text>{createdWords(ids.length)}.</Text>
      {ids.length === 1 ? (
        <Link to="/conversations/$id" params={{ id: first }} className={classes.link}>
          Open it
        </Link>
      ) : (
        <Link to="/" className={classes.link}>
          See them
        </Link>
      )}
    </div>
  );
}
