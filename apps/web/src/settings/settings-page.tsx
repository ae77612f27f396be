/** What can be chosen for this browser. */
import { Stack, Text, Title } from "@mantine/core";
import { IconChevronRight } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import type { JSX } from "react";
import { ElsewhereNote } from "../device/elsewhere-note.tsx";
import { useClient } from "../device/use-device.ts";
import { useWords } from "../i18n/use-words.tsx";
import { usePageTitle } from "../shell/use-page-title.ts";
import { StorageFacts } from "../sync/storage-facts.tsx";
import { LanguageSetting } from "./language-setting.tsx";
import { RetentionSetting } from "./retention-setting.tsx";
import classes from "./settings.module.css";

export function SettingsPage(): JSX.Element {
  const client = useClient();
  const { t } = useWords();
  usePageTitle(t("settings.title"));
  return (
    <Stack gap="lg">
      <Title order={1} size="h2">
        {t("settings.title")}
      </Title>
      <ElsewhereNote />
      <div className={classes.card}>
        <LanguageSetting />
      </div>
      {client !== null && (
        <section aria-labelledby="copies" className={classes.card}>
          <Title order={2} size="h4" id="copies">
            {t("settings.recordings")}
          </Title>
          <RetentionSetting client={client} />
          <StorageFacts client={client} />
        </section>
      )}
      <Link to="/settings/developer" className={classes.entry}>
        <span>
          <Text component="span" fw={550}>
            {t("developer.title")}
          </Text>
          <Text component="span" size="sm" c="dimmed" display="block">
            {t("settings.developer.text")}
          </Text>
        </span>
        <IconChevronRight size={20} aria-hidden data-points />
      </Link>
    </Stack>
  );
}
