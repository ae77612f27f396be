/** Where every recording of this device is: how syncing stands, what came of it, what it takes, and each with its reason. */
import { ActionIcon, Group, Stack, Text, Title, Tooltip } from "@mantine/core";
import { IconCircleCheck, IconDatabaseCog, IconInfoCircle } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { type JSX, useState } from "react";
import { ElsewhereNote } from "../device/elsewhere-note.tsx";
import { useDevice } from "../device/use-device.ts";
import { useWords } from "../i18n/use-words.tsx";
import { RetentionSetting } from "../settings/retention-setting.tsx";
import { usePageTitle } from "../shell/use-page-title.ts";
import { clearable } from "./clearable.ts";
import { ManageStorage } from "./manage-storage.tsx";
import { RecordingList } from "./recording-list.tsx";
import { StatusCard } from "./status-card.tsx";
import { StorageFacts } from "./storage-facts.tsx";
import { SyncInfo } from "./sync-info.tsx";
import classes from "./sync-page.module.css";
import type { SyncView } from "./sync-watch.ts";
import { useSync } from "./use-sync.ts";

export function SyncPage(): JSX.Element {
  const view = useSync();
  const device = useDevice();
  const { t } = useWords();
  usePageTitle(t("sync.title"));
  return (
    <Stack gap="lg">
      <div className={classes.head}>
        <div>
          <Title order={1} size="h2">
            {t("sync.title")}
          </Title>
          <Text c="dimmed">{t("sync.intro")}</Text>
        </div>
        <Sheets view={view} />
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

/** The sheets of the page and the signs that open them; storage is managed where there is something to delete. */
function Sheets({ view }: { readonly view: SyncView | null }): JSX.Element {
  const { t } = useWords();
  const [sheet, setSheet] = useState<"info" | "storage" | null>(null);
  const close = (): void => setSheet(null);
  const lots = view === null ? null : clearable(view.status);
  const isClearable = lots !== null && lots.synced + lots.pending > 0;
  return (
    <Group gap={4} wrap="nowrap">
      {(isClearable || sheet === "storage") && (
        <Sign
          label={t("sync.clear")}
          icon={<IconDatabaseCog size={20} aria-hidden />}
          onOpen={() => setSheet("storage")}
        />
      )}
      <Sign label={t("sync.info")} icon={<IconInfoCircle size={20} aria-hidden />} onOpen={() => setSheet("info")} />
      {view !== null && <ManageStorage view={view} isOpen={sheet === "storage"} onClose={close} />}
      <SyncInfo isOpen={sheet === "info"} onClose={close} />
    </Group>
  );
}

interface SignProps {
  readonly label: string;
  readonly icon: JSX.Element;
  readonly onOpen: () => void;
}

function Sign({ label, icon, onOpen }: SignProps): JSX.Element {
  return (
    <Tooltip label={label}>
      <ActionIcon variant="subtle" color="gray" size="lg" aria-label={label} onClick={onOpen}>
        {icon}
      </ActionIcon>
    </Tooltip>
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
