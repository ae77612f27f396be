/** Sets or removes the language model. The key that the server has is never here; it is kept, replaced or dropped. */
import { isHoldfastError, type LanguageModelSetting } from "@holdfast/contract";
import { Button, Group, Text, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, type JSX, useState } from "react";
import type { MessageId } from "../i18n/message.ts";
import { useWords } from "../i18n/use-words.tsx";
import { useServices } from "../shell/services.ts";
import { Failure } from "./failure.tsx";
import { MODEL, SERVER_FACTS } from "./keys.ts";
import classes from "./settings.module.css";
import { removeModel, setModel } from "./settings-api.ts";

const EXAMPLE = "http://localhost:11434/v1";

export function ModelForm({ model }: { readonly model: LanguageModelSetting }): JSX.Element {
  const { api } = useServices();
  const { t } = useWords();
  const queries = useQueryClient();
  const [url, setUrl] = useState(model.url);
  const [name, setName] = useState(model.model);
  const [key, setKey] = useState("");
  const [isDropped, setIsDropped] = useState(false);
  const keyAsked = isDropped ? { key: null } : key === "" ? {} : { key };
  const take = (next: LanguageModelSetting): void => {
    queries.setQueryData(MODEL, next);
    void queries.invalidateQueries({ queryKey: SERVER_FACTS });
    setUrl(next.url);
    setName(next.model);
    setKey("");
    setIsDropped(false);
  };
  const save = useMutation({
    mutationFn: () => setModel(api, { url: url.trim(), model: name.trim(), ...keyAsked }),
    onSuccess: take,
    // The key is not kept where nobody needs it any more.
    gcTime: 0,
  });
  const remove = useMutation({ mutationFn: () => removeModel(api), onSuccess: take });
  const isWhole = url.trim() !== "" && name.trim() !== "";
  const isChanged = url.trim() !== model.url || name.trim() !== model.model || key !== "" || isDropped;
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (isWhole && isChanged && !save.isPending) save.mutate();
  };
  const why = isHoldfastError(save.error) && save.error.code === "address_invalid" ? "model.why.address" : undefined;
  return (
    <form onSubmit={submit} className={classes.form}>
      <TextInput
        label={t("settings.address")}
        description={t("model.address.text", { example: EXAMPLE })}
        inputMode="url"
        dir="ltr"
        value={url}
        autoComplete="off"
        spellCheck={false}
        error={why === undefined ? null : t(why)}
        onChange={({ currentTarget: { value } }) => setUrl(value)}
      />
      <TextInput
        label={t("model.name")}
        dir="ltr"
        value={name}
        autoComplete="off"
        autoCapitalize="off"
        spellCheck={false}
        onChange={({ currentTarget: { value } }) => setName(value)}
      />
      <TextInput
        type="password"
        label={t("model.key")}
        description={t(keyWords(model, url))}
        dir="ltr"
        value={key}
        disabled={isDropped}
        autoComplete="off"
        onChange={({ currentTarget: { value } }) => setKey(value)}
      />
      {model.has_key && (
        <label className={classes.switch}>
          <input
            type="checkbox"
            checked={isDropped}
            onChange={({ currentTarget: { checked } }) => setIsDropped(checked)}
          />
          {t("model.key.drop")}
        </label>
      )}
      {save.isError && why === undefined && <Failure error={save.error} />}
      {remove.isError && <Failure error={remove.error} />}
      <Group>
        <Button type="submit" disabled={!isWhole || !isChanged} loading={save.isPending}>
          {t("settings.save")}
        </Button>
        {model.origin === "stored" && (
          <Button variant="default" loading={remove.isPending} onClick={() => remove.mutate()}>
            {t("model.remove")}
          </Button>
        )}
        <Text size="sm" role="status">
          {save.isSuccess && !isChanged ? t("settings.saved") : ""}
        </Text>
      </Group>
      <Text size="sm" c="dimmed">
        {t("model.soon")}
      </Text>
    </form>
  );
}

/** The server gives the key of one host to no other. */
function keyWords({ has_key, url }: LanguageModelSetting, typed: string): MessageId {
  if (!has_key) return "model.key.none";
  return URL.parse(typed.trim())?.origin === URL.parse(url)?.origin ? "model.key.set" : "model.key.host";
}
