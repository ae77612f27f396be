import { Button, Stack, Text, Title } from "@mantine/core";
import type { JSX } from "react";
import { useWords } from "../i18n/use-words.tsx";

/** In place of what could not be drawn, which is a defect. Recording and syncing are no part of what is drawn, and go on. */
export function Crashed(): JSX.Element {
  const { t } = useWords();
  return (
    <Stack align="center" gap="sm" py={80} ta="center" role="alert">
      <Title order={1} size="h2">
        {t("crashed.title")}
      </Title>
      <Text c="dimmed" maw={420}>
        {t("crashed.text")}
      </Text>
      <Button variant="light" mt="sm" onClick={() => window.location.reload()}>
        {t("crashed.reload")}
      </Button>
    </Stack>
  );
}
