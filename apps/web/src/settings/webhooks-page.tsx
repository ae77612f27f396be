/** Where this account's news are sent: one address for each kind, and the secret that messages are signed with. */
import { Skeleton, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { JSX } from "react";
import { useWords } from "../i18n/use-words.tsx";
import { useServices } from "../shell/services.ts";
import { Failure } from "./failure.tsx";
import { WEBHOOKS } from "./keys.ts";
import { listWebhooks } from "./settings-api.ts";
import { SubPage } from "./sub-page.tsx";
import { WebhookCard } from "./webhook-card.tsx";
import { WebhookSecret } from "./webhook-secret.tsx";

const LOOK_EVERY_MS = 10_000;

export function WebhooksPage(): JSX.Element {
  const { api } = useServices();
  const { t } = useWords();
  const webhooks = useQuery({
    queryKey: WEBHOOKS,
    queryFn: ({ signal }) => listWebhooks(api, signal),
    refetchInterval: LOOK_EVERY_MS,
  });
  return (
    <SubPage name="webhooks.title">
      <Text c="dimmed">{t("webhooks.text")}</Text>
      {webhooks.isError && <Failure error={webhooks.error} onAgain={() => void webhooks.refetch()} />}
      {webhooks.isPending && <Skeleton height={320} radius="lg" />}
      {webhooks.data?.map((webhook) => (
        <WebhookCard key={webhook.type} webhook={webhook} />
      ))}
      {webhooks.data !== undefined && <WebhookSecret />}
    </SubPage>
  );
}
