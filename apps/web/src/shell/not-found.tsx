import { Button, Stack, Text, Title } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { JSX } from "react";
import { useWords } from "../i18n/use-words.tsx";
import { usePageTitle } from "./use-page-title.ts";

/** For an address that leads nowhere, and for a conversation that is gone. */
export function NotFound({ what = "page" }: { readonly what?: "page" | "conversation" }): JSX.Element {
  const { t } = useWords();
  usePageTitle(t("not_found.page_title"));
  return (
    <Stack align="center" gap="sm" py={80} ta="center">
      <Title order={1} size="h2">
        {t(`not_found.${what}.title`)}
      </Title>
      <Text c="dimmed" maw={420}>
        {t(`not_found.${what}.text`)}
      </Text>
      <Button renderRoot={(props) => <Link to="/" {...props} />} variant="light" mt="sm">
        {t("conversation.all")}
      </Button>
    </Stack>
  );
}
