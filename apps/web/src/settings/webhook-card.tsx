/** One webhook: its address, whether it is on, and what became of the last message. What is typed stays until it is saved. */
import { isHoldfastError, type WebhookSetting } from "@holdfast/contract";
import { Button, Group, Text, TextInput, Title } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, type JSX, useId, useState } from "react";
import { useWords } from "../i18n/use-words.tsx";
import { useServices } from "../shell/services.ts";
import { Failure } from "./failure.tsx";
import { WEBHOOKS } from "./keys.ts";
import classes from "./settings.module.css";
import { setWebhook, switchWebhook } from "./settings-api.ts";
import { lastWords, refusalWords } from "./webhook-words.ts";

export function WebhookCard({ webhook }: { readonly webhook: WebhookSetting }): JSX.Element {
  const { t, say } = useWords();
  const id = useId();
  return (
    <section aria-labelledby={id} className={classes.card} data-testid="webhook">
      <Title order={2} size="h4" id={id}>
        {t(`webhooks.${webhook.type}`)}
      </Title>
      {webhook.never_sent && <Text size="sm">{t("webhooks.never")}</Text>}
      {(!webhook.never_sent || webhook.url !== "") && <AddressForm webhook={webhook} labelledBy={id} />}
      {webhook.url !== "" && !webhook.never_sent && (
        <>
          <Switch webhook={webhook} />
          <Text size="sm" c="dimmed" data-testid="last">
            {say(lastWords(webhook.last, Date.now()))}
          </Text>
        </>
      )}
    </section>
  );
}

interface FormProps {
  readonly webhook: WebhookSetting;
  /** What the form is about. */
  readonly labelledBy: string;
}

function AddressForm({ webhook: { type, url, every_seconds }, labelledBy }: FormProps): JSX.Element {
  const { api } = useServices();
  const { t, say } = useWords();
  const queries = useQueryClient();
  const [typed, setTyped] = useState(url);
  const [seconds, setSeconds] = useState(String(every_seconds ?? ""));
  const save = useMutation({
    mutationFn: () => setWebhook(api, type, typed.trim(), seconds.trim()),
    onSettled: () => queries.invalidateQueries({ queryKey: WEBHOOKS }),
  });
  const isChanged = typed.trim() !== url || seconds.trim() !== String(every_seconds ?? "");
  const why = isHoldfastError(save.error) ? refusalWords(save.error.code) : undefined;
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (isChanged && !save.isPending) save.mutate();
  };
  const change = (set: (value: string) => void, value: string): void => {
    save.reset();
    set(value);
  };
  return (
    <form onSubmit={submit} aria-labelledby={labelledBy} className={classes.form}>
      <TextInput
        label={t("settings.address")}
        inputMode="url"
        dir="ltr"
        value={typed}
        autoComplete="off"
        spellCheck={false}
        error={why === undefined ? null : say(why)}
        onChange={({ currentTarget: { value } }) => change(setTyped, value)}
      />
      {type === "audio_bytes" && (
        <TextInput
          label={t("webhooks.seconds")}
          inputMode="numeric"
          value={seconds}
          onChange={({ currentTarget: { value } }) => change(setSeconds, value)}
        />
      )}
      {save.isError && why === undefined && <Failure error={save.error} />}
      <Group>
        <Button type="submit" variant="light" disabled={!isChanged} loading={save.isPending}>
          {t("settings.save")}
        </Button>
        <Text size="sm" role="status">
          {save.isSuccess && !isChanged ? t("settings.saved") : ""}
        </Text>
      </Group>
    </form>
  );
}

function Switch({ webhook: { type, enabled } }: { readonly webhook: WebhookSetting }): JSX.Element {
  const { api } = useServices();
  const { t } = useWords();
  const queries = useQueryClient();
  // Where it was put, until the server has said where it is.
  const [put, setPut] = useState<boolean | null>(null);
  const turn = useMutation({
    mutationFn: (isOn: boolean) => switchWebhook(api, type, isOn),
    onSettled: async () => {
      await queries.invalidateQueries({ queryKey: WEBHOOKS });
      setPut(null);
    },
  });
  return (
    <>
      <label className={classes.switch}>
        <input
          type="checkbox"
          checked={put ?? enabled}
          onChange={({ currentTarget: { checked } }) => {
            setPut(checked);
            turn.mutate(checked);
          }}
        />
        {t("webhooks.on")}
      </label>
      {turn.isError && <Failure error={turn.error} />}
    </>
  );
}
