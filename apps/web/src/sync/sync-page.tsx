/** Where every recording of this device is: how syncing stands, what came of it, what it takes, and each with its reason. */
import { Stack, Text, Title } from "@mantine/core";
import { IconCircleCheck } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import type { JSX } from "react";
import { ElsewhereNote } from "../device/elsewhere-note.tsx";
import { useDevice } from "../device/use-device.ts";
import { useWords } from "../i18n/use-words.tsx";
import { RetentionSetting } from "../settings/retention-setting.tsx";
import { usePageTitle } from "../shell/use-page-title.ts";
import { RecordingList } from "./recording-list.tsx";
import { StatusCard } from "./status-card.tsx";
import { StorageFacts } from "./storage-facts.tsx";
import classes from "./sync-page.module.css";
import { useSync } from "./use-sync.ts";

export function SyncPage(): JSX.Element {
  const view = useSync();
  const device = useDevice();
  const { t } = useWords();
  usePageTitle(t("sync.title"));
  return (
    <Stack gap="lg">
      <div>
        <Title order={1} size="h2">
          {t("sync.title")}
        </Title>
        <Text c="dimmed">{t("sync.intro")}</Text>
      </div>
      <ElsewhereNote />
      {view === null && device.name === "opening" && <Text role="status">{t("sync.opening")}</Text>}
      {view !== null && (
        <>
          <StatusCard view={view} />
          <Created ids={view.status.conversations.created} />
          <details className={classes.card}>
            <summary className={classes.summary}>{t("sync.on_device")}</summary>
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
  const { t } = useWords();
  const [first] = ids;
  if (first === undefined) return null;
  return (
    <div className={classes.created} data-testid="conversations-created">
      <IconCircleCheck size={24} className={classes.good} aria-hidden />
      <Text>{t("sync.created", { count: ids.length })}</Text>
      {ids.length === 1 ? (
        <Link to="/conversations/$id" params={{ id: first }} className={classes.link}>
          {t("sync.created.open")}
        </Link>
      ) : (
        <Link to="/" className={classes.link}>
          {t("sync.created.see")}
        </Link>
      )}
    </div>
  );
}
