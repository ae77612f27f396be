import { Button, Stack, Text, Title } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { JSX } from "react";
import { usePageTitle } from "./use-page-title.ts";

/** For an address that leads nowhere, and for a conversation that is gone. */
export function NotFound({ what = "page" }: { readonly what?: "page" | "conversation" }): JSX.Element {
  usePageTitle("Not found");
  return (
    <Stack align="center" gap="sm" py={80} ta="center">
      <Title order={1} size="h2">
        {what === "page" ? "There is nothing here" : "This conversation is gone"}
      </Title>
      <Text c="dimmed" maw={420}>
        {what === "page"
          ? "The address may be mistyped."
          : "It was deleted, or nothing was said in it, so that there was nothing to keep."}
      </Text>
      <Button renderRoot={(props) => <Link to="/" {...props} />} variant="light" mt="sm">
        All conversations
      </Button>
    </Stack>
  );
}
