/** Says that a newer page is ready, and takes it when asked; never while something is recorded. */
import { Alert, Button, Group, Text } from "@mantine/core";
import { type JSX, useSyncExternalStore } from "react";
import { useRecording } from "../capture/use-recording.ts";
import { useWords } from "../i18n/use-words.tsx";
import { useServices } from "../shell/services.ts";

export function UpdateNote(): JSX.Element | null {
  const { updates } = useServices();
  const { t } = useWords();
  const { phase } = useRecording();
  const isReady = useSyncExternalStore(updates.subscribe, updates.isReady);
  if (!isReady || phase === "recording" || phase === "stopping") return null;
  return (
    <Alert color="kelp" role="status" mb="md">
      <Group justify="space-between">
        <Text size="sm">{t("update.ready")}</Text>
        <Button size="compact-md" variant="light" onClick={() => updates.take()}>
          {t("update.take")}
        </Button>
      </Group>
    </Alert>
  );
}
