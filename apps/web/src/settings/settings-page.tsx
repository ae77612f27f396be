/** What can be chosen for this browser. */
import { Stack, Text, Title } from "@mantine/core";
import { IconChevronRight } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import type { JSX } from "react";
import { ElsewhereNote } from "../device/elsewhere-note.tsx";
import { useClient } from "../device/use-device.ts";
import { usePageTitle } from "../shell/use-page-title.ts";
import { StorageFacts } from "../sync/storage-facts.tsx";
import { RetentionSetting } from "./retention-setting.tsx";
import classes from "./settings.module.css";

export function SettingsPage(): JSX.Element {
  const client = useClient();
  usePageTitle("Settings");
  return (
    <Stack gap="lg">
      <Title order={1} size="h2">
        Settings
      </Title>
      <ElsewhereNote />
      {client !== null && (
        <section aria-labelledby="copies" className={classes.card}>
          <Title order={2} size="h4" id="copies">
            Recordings on this device
          </Title>
          <RetentionSetting client={client} />
          <StorageFacts client={client} />
        </section>
      )}
      <Link to="/settings/developer" className={classes.entry}>
        <span>
          <Text component="span" fw={550}>
            Developer
          </Text>
          <Text component="span" size="sm" c="dimmed" display="block">
            Log what syncing does, try out a pause, see facts of connection and storage.
          </Text>
        </span>
        <IconChevronRight size={20} aria-hidden />
      </Link>
    </Stack>
  );
}
