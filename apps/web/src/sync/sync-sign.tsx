/** The way to the recordings, with a sign where something waits or needs a person. */
import { ActionIcon, Tooltip } from "@mantine/core";
import { IconCloudUp } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import type { JSX } from "react";
import { useWords } from "../i18n/use-words.tsx";
import classes from "./sync-sign.module.css";
import { signWords } from "./sync-words.ts";
import { useSync } from "./use-sync.ts";

export function SyncSign({ isHere }: { readonly isHere: boolean }): JSX.Element {
  const { t, say } = useWords();
  const view = useSync();
  const sign = view === null ? null : signWords(view.status);
  const label = sign === null ? t("sync.title") : say(sign.text);
  return (
    <Tooltip label={label}>
      <ActionIcon
        variant="subtle"
        color="gray"
        size="lg"
        aria-label={label}
        aria-current={isHere ? "page" : undefined}
        data-testid="sync-sign"
        renderRoot={(props) => <Link to="/sync" {...props} />}
      >
        <span className={classes.sign}>
          <IconCloudUp size={20} aria-hidden />
          {sign !== null && <span className={classes.dot} data-tone={sign.tone} aria-hidden />}
        </span>
      </ActionIcon>
    </Tooltip>
  );
}
