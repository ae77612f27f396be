/** The secret that messages are signed with: fetched only when somebody wants to see it, and forgotten with the page. */
import { Button, Group, Modal, Stack, Text, Title } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type JSX, useState } from "react";
import { useWords } from "../i18n/use-words.tsx";
import { useServices } from "../shell/services.ts";
import { CopyField } from "./copy-field.tsx";
import { Failure } from "./failure.tsx";
import classes from "./settings.module.css";
import { webhookSecret } from "./settings-api.ts";

export function WebhookSecret(): JSX.Element {
  const { api } = useServices();
  const { t } = useWords();
  const [isAsked, setIsAsked] = useState(false);
  const ask = useMutation({
    mutationFn: (renew: boolean) => webhookSecret(api, renew),
    onSuccess: () => setIsAsked(false),
    gcTime: 0,
  });
  return (
    <section aria-labelledby="secret" className={classes.card}>
      <Title order={2} size="h4" id="secret">
        {t("webhooks.secret")}
      </Title>
      <Text size="sm" c="dimmed">
        {t("webhooks.secret.text")}
      </Text>
      {ask.data !== undefined && <CopyField key={ask.data} label={t("webhooks.secret")} text={ask.data} />}
      {ask.isError && !isAsked && <Failure error={ask.error} />}
      <Group gap="xs">
        {ask.data === undefined && (
          <Button variant="light" loading={ask.isPending && !isAsked} onClick={() => ask.mutate(false)}>
            {t("webhooks.secret.show")}
          </Button>
        )}
        <Button variant="default" onClick={() => setIsAsked(true)}>
          {t("webhooks.secret.renew")}
        </Button>
      </Group>
      {/* Mantine locks scrolling by an injected style element, which our content security policy forbids. */}
      <Modal opened={isAsked} onClose={() => setIsAsked(false)} centered lockScroll={false} withCloseButton={false}>
        <Stack>
          <Modal.Title fw={650}>{t("webhooks.secret.renew")}</Modal.Title>
          <Text>{t("webhooks.secret.renew.text")}</Text>
          {ask.isError && <Failure error={ask.error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={() => setIsAsked(false)}>
              {t("settings.cancel")}
            </Button>
            <Button color="red.9" loading={ask.isPending} onClick={() => ask.mutate(true)}>
              {t("webhooks.secret.renew")}
            </Button>
          </Group>
        </Stack>
      </Modal>
    </section>
  );
}
