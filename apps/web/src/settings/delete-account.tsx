/** Asks for the name of the account, typed, before everything goes; what this browser keeps goes only where that is ticked. */
import { Button, Group, Modal, Skeleton, Stack, Text, TextInput } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { type FormEvent, type JSX, useState } from "react";
import { useClient } from "../device/use-device.ts";
import { Rich, useWords } from "../i18n/use-words.tsx";
import { useServices } from "../shell/services.ts";
import { useSync } from "../sync/use-sync.ts";
import { Failure } from "./failure.tsx";
import { ACCOUNT, SERVER_FACTS } from "./keys.ts";
import { leave, unsentCount } from "./leaving.ts";
import classes from "./settings.module.css";

interface Props {
  readonly opened: boolean;
  readonly onClose: () => void;
}

export function DeleteAccount({ opened, onClose }: Props): JSX.Element {
  const { t } = useWords();
  return (
    // Mantine locks scrolling by an injected style element, which our content security policy forbids.
    <Modal opened={opened} onClose={onClose} centered lockScroll={false} withCloseButton={false}>
      <Stack>
        <Modal.Title fw={650}>{t("data.delete")}</Modal.Title>
        <Text>{t("data.delete.text")}</Text>
        <Confirmation onClose={onClose} />
      </Stack>
    </Modal>
  );
}

function Confirmation({ onClose }: Pick<Props, "onClose">): JSX.Element {
  const { api, session, queries, recorder } = useServices();
  const { t } = useWords();
  const client = useClient();
  // Counts anew whenever a recording changes.
  useSync();
  const [typed, setTyped] = useState("");
  const [isLocalToo, setIsLocalToo] = useState(false);
  const facts = useQuery({ queryKey: SERVER_FACTS, queryFn: ({ signal }) => api.getServerFacts(signal) });
  const account = useQuery({
    queryKey: ACCOUNT,
    queryFn: ({ signal }) => api.getAccount(signal),
    networkMode: "always",
  });
  const remove = useMutation({
    mutationFn: (uid: string) =>
      leave({
        ...{ api, account: uid, recordings: isLocalToo ? client : null },
        stopRecording: () => recorder.stop(),
      }),
    networkMode: "always",
    onSuccess: () => {
      session.signOut();
      queries.clear();
    },
  });
  if (account.isPending) return <Skeleton height={120} />;
  if (account.isError) return <Failure error={account.error} onAgain={() => void account.refetch()} />;
  const isMeant = typed.trim() === account.data;
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (isMeant && !remove.isPending) remove.mutate(account.data);
  };
  return (
    <form onSubmit={submit}>
      <Stack>
        {facts.data?.you_are_owner === true && (
          <Text>
            <Rich id="data.delete.owner" values={{ file: <code>owner.token</code> }} />
          </Text>
        )}
        <TextInput
          label={t("data.delete.type", { word: account.data })}
          value={typed}
          autoComplete="off"
          autoCapitalize="off"
          spellCheck={false}
          onChange={({ currentTarget: { value } }) => setTyped(value)}
        />
        {client !== null && client.log.recordings.size > 0 && (
          <label className={classes.switch}>
            <input
              type="checkbox"
              checked={isLocalToo}
              onChange={({ currentTarget: { checked } }) => setIsLocalToo(checked)}
            />
            <span>{t("data.delete.local", { unsent: unsentCount(client) })}</span>
          </label>
        )}
        {remove.isError && <Failure error={remove.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {t("settings.cancel")}
          </Button>
          <Button type="submit" color="red.9" disabled={!isMeant} loading={remove.isPending}>
            {t("data.delete")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
