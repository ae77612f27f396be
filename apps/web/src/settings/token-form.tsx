/** Makes a token: a name, and when it ends. */
import type { NewAccessToken } from "@holdfast/contract";
import { Button, NativeSelect, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, type JSX, useState } from "react";
import { useWords } from "../i18n/use-words.tsx";
import { useServices } from "../shell/services.ts";
import { Failure } from "./failure.tsx";
import { TOKENS } from "./keys.ts";
import classes from "./settings.module.css";

const DAY_MS = 86_400_000;
const ENDS_AFTER_DAYS = [null, 7, 30, 90, 365] as const;
const LONGEST_NAME = 100;

export function TokenForm({ onMade }: { readonly onMade: (token: NewAccessToken) => void }): JSX.Element {
  const { api } = useServices();
  const { t } = useWords();
  const queries = useQueryClient();
  const [name, setName] = useState("");
  const [days, setDays] = useState<number | null>(null);
  const make = useMutation({
    mutationFn: () => api.createToken(name, days === null ? undefined : Date.now() + days * DAY_MS),
    networkMode: "always",
    onSuccess: (token) => {
      setName("");
      onMade(token);
    },
    onSettled: () => queries.invalidateQueries({ queryKey: TOKENS }),
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (name.trim() !== "") make.mutate();
  };
  return (
    <form onSubmit={submit} className={classes.card}>
      <TextInput
        label={t("tokens.name")}
        value={name}
        maxLength={LONGEST_NAME}
        autoComplete="off"
        onChange={({ currentTarget: { value } }) => setName(value)}
      />
      <NativeSelect
        label={t("tokens.ends")}
        value={String(days)}
        data={ENDS_AFTER_DAYS.map((each) => ({
          value: String(each),
          label: each === null ? t("tokens.ends.never") : t("tokens.ends.days", { days: each }),
        }))}
        onChange={({ currentTarget: { value } }) => setDays(value === "null" ? null : Number(value))}
      />
      {make.isError && <Failure error={make.error} />}
      <div>
        <Button type="submit" disabled={name.trim() === ""} loading={make.isPending}>
          {t("tokens.make")}
        </Button>
      </div>
    </form>
  );
}
