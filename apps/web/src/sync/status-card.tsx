/** The card that says how syncing stands. It never disappears, and while uploads pause it has neither spinner nor button. */
import { Button, Loader, Progress, Text } from "@mantine/core";
import {
  IconAlertCircle,
  IconCircleCheck,
  IconClockPause,
  IconCloudOff,
  IconCloudUp,
  type TablerIcon,
} from "@tabler/icons-react";
import { type JSX, useState } from "react";
import { useWords } from "../i18n/use-words.tsx";
import { CancelSync } from "./cancel-sync.tsx";
import classes from "./status-card.module.css";
import type { SyncView } from "./sync-watch.ts";
import { cardWords, problemWords } from "./sync-words.ts";

const ICONS: Readonly<Record<SyncView["status"]["card"]["state"], TablerIcon>> = {
  downloading: IconCloudUp,
  waiting_internet: IconCloudOff,
  uploading: IconCloudUp,
  working: IconCloudUp,
  limited_fair_use: IconClockPause,
  limited_busy: IconClockPause,
  processing: IconCloudUp,
  attention: IconAlertCircle,
  ready: IconCloudUp,
  all_synced: IconCircleCheck,
};

export function StatusCard({ view: { client, status, problem } }: { readonly view: SyncView }): JSX.Element {
  const { card, progress, nextPassAtMs } = status;
  const { t, say } = useWords();
  const { title, line, tone } = cardWords(status, Date.now());
  const Icon = ICONS[card.state];
  const [isAsked, setAsked] = useState(false);
  // A sync that ended meanwhile takes the question with it, and the next one begins without.
  if (isAsked && card.button !== "cancel") setAsked(false);
  const cancel = (): void => {
    setAsked(false);
    client.sync.cancel();
  };
  return (
    <section
      className={classes.card}
      aria-label={t("sync.card.label")}
      data-testid="sync-status-card"
      data-state={card.state}
      data-tone={tone}
    >
      <span className={classes.icon}>
        {card.spinner ? (
          <Loader size={26} role="img" aria-label={t("sync.card.spinner")} />
        ) : (
          <Icon size={28} aria-hidden />
        )}
      </span>
      <div className={classes.body}>
        <Text fw={600} className={classes.title} role="status">
          {say(title)}
        </Text>
        {line !== null && (
          <Text size="sm" c="dimmed">
            {say(line)}
          </Text>
        )}
        {problem !== null && card.state !== "uploading" && status.limit === null && (
          <Text size="sm" className={classes.problem}>
            {say(problemWords(problem, nextPassAtMs, Date.now()))}
          </Text>
        )}
        {progress !== null && (
          <Progress
            className={classes.bar}
            size="sm"
            value={(100 * progress.bytes.sent) / Math.max(1, progress.bytes.total)}
            aria-label={t("sync.card.bytes")}
          />
        )}
      </div>
      {card.button === "sync" && (
        <Button variant="light" onClick={() => client.sync.syncNow()}>
          {t("sync.card.sync")}
        </Button>
      )}
      {card.button === "cancel" && (
        <Button variant="subtle" color="red" className={classes.cancel} onClick={() => setAsked(true)}>
          {t("sync.card.cancel")}
        </Button>
      )}
      <CancelSync isAsked={isAsked} onKeep={() => setAsked(false)} onCancel={cancel} />
    </section>
  );
}
