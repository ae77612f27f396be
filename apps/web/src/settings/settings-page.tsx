/** What can be chosen for this browser, and the ways to what belongs to the account and to the server. */
import { Stack, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { JSX } from "react";
import { ElsewhereNote } from "../device/elsewhere-note.tsx";
import { useClient } from "../device/use-device.ts";
import { useWords } from "../i18n/use-words.tsx";
import { useServices } from "../shell/services.ts";
import { usePageTitle } from "../shell/use-page-title.ts";
import { StorageFacts } from "../sync/storage-facts.tsx";
import { SERVER_FACTS } from "./keys.ts";
import { LanguageSetting } from "./language-setting.tsx";
import { RetentionSetting } from "./retention-setting.tsx";
import classes from "./settings.module.css";
import { SettingsEntry } from "./settings-entry.tsx";

export function SettingsPage(): JSX.Element {
  const { api } = useServices();
  const client = useClient();
  const { t } = useWords();
  // What only the owner of the server sets is not shown before it is known who looks.
  const facts = useQuery({ queryKey: SERVER_FACTS, queryFn: ({ signal }) => api.getServerFacts(signal) });
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
      <nav aria-label={t("settings.title")}>
        <Stack gap="xs">
          <SettingsEntry to="/settings/tokens" name="tokens.title" text="tokens.text" />
          <SettingsEntry to="/settings/speech" name="speech.title" text="speech.text" />
          <SettingsEntry to="/settings/webhooks" name="webhooks.title" text="webhooks.text" />
          <SettingsEntry to="/settings/fair-use" name="server.fair_use" text="fair_use.text" />
          <SettingsEntry to="/settings/data" name="data.title" text="data.text" />
          <SettingsEntry to="/settings/server" name="server.title" text="server.text" />
          {facts.data?.you_are_owner === true && (
            <SettingsEntry to="/settings/model" name="server.model" text="model.text" />
          )}
          <SettingsEntry to="/settings/developer" name="developer.title" text="settings.developer.text" />
        </Stack>
      </nav>
    </Stack>
  );
}
