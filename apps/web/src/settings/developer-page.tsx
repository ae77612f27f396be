/** For whoever wants to find out why recordings wait: a log of what syncing does, a pause to try out, and the facts. */
import { DIAGNOSTICS, type HoldfastClient } from "@holdfast/client";
import type { CooldownReason } from "@holdfast/core";
import { Button, Group, NativeSelect, Text, TextInput, Title } from "@mantine/core";
import { type JSX, useState, useSyncExternalStore } from "react";
import { ElsewhereNote } from "../device/elsewhere-note.tsx";
import { useClient } from "../device/use-device.ts";
import { fileSize } from "../i18n/amounts.ts";
import { type MessageId, message, type Text as Said } from "../i18n/message.ts";
import { useWords } from "../i18n/use-words.tsx";
import { useServices } from "../shell/services.ts";
import { cardWords } from "../sync/sync-words.ts";
import { useSync } from "../sync/use-sync.ts";
import { DeveloperFacts } from "./developer-facts.tsx";
import { offerFile } from "./offer-file.ts";
import classes from "./settings.module.css";
import { SubPage } from "./sub-page.tsx";

export function DeveloperPage(): JSX.Element {
  const client = useClient();
  return (
    <SubPage name="developer.title">
      <ElsewhereNote />
      <LogToFile />
      {client !== null && <SimulatedPause client={client} />}
      <DeveloperFacts client={client} />
    </SubPage>
  );
}

function LogToFile(): JSX.Element {
  const { diagnostics } = useServices();
  const isEnabled = useSyncExternalStore(diagnostics.subscribe, diagnostics.isEnabled);
  const { t, say } = useWords();
  const [said, setSaid] = useState<Said>("");
  const attempt = (what: () => Promise<Said>): void => {
    what().then(setSaid, () => setSaid(message("developer.log.no_place")));
  };
  return (
    <section aria-labelledby="log" className={classes.card}>
      <Title order={2} size="h4" id="log">
        {t("developer.log")}
      </Title>
      <label className={classes.switch}>
        <input
          type="checkbox"
          checked={isEnabled}
          onChange={({ currentTarget: { checked } }) =>
            attempt(async () => {
              await diagnostics.enable(checked);
              return "";
            })
          }
        />
        {t("developer.log.switch")}
      </label>
      <Text size="sm" c="dimmed">
        {t("developer.log.text", { most: fileSize(DIAGNOSTICS.maxFileBytes) })}
      </Text>
      <Group gap="xs">
        <Button
          variant="light"
          onClick={() => attempt(async () => await offerFile(await diagnostics.share(), "holdfast-log.jsonl"))}
        >
          {t("developer.log.share")}
        </Button>
        <Button
          variant="subtle"
          color="gray"
          onClick={() =>
            attempt(async () => {
              await diagnostics.clear();
              return message("developer.log.cleared");
            })
          }
        >
          {t("developer.log.clear")}
        </Button>
      </Group>
      <Text size="sm" role="status">
        {say(said)}
      </Text>
    </section>
  );
}

const REASONS: readonly { readonly value: CooldownReason; readonly label: MessageId }[] = [
  { value: "fair_use", label: "developer.pause.fair_use" },
  { value: "backend_busy", label: "developer.pause.backend_busy" },
];
const LONGEST_S = 3_600;

function SimulatedPause({ client }: { readonly client: HoldfastClient }): JSX.Element {
  const { t, say } = useWords();
  const view = useSync();
  const [reason, setReason] = useState<CooldownReason>("backend_busy");
  const [seconds, setSeconds] = useState("60");
  const length = Number(seconds);
  const isValid = length >= 1 && length <= LONGEST_S;
  return (
    <section aria-labelledby="pause" className={classes.card}>
      <Title order={2} size="h4" id="pause">
        {t("developer.pause")}
      </Title>
      <Text size="sm" c="dimmed">
        {t("developer.pause.text")}
      </Text>
      <NativeSelect
        label={t("developer.pause.reason")}
        data={REASONS.map(({ value, label }) => ({ value, label: t(label) }))}
        value={reason}
        onChange={({ currentTarget: { value } }) => setReason(value === "fair_use" ? "fair_use" : "backend_busy")}
      />
      <TextInput
        label={t("developer.pause.seconds")}
        inputMode="numeric"
        value={seconds}
        error={isValid ? null : t("developer.pause.invalid", { most: LONGEST_S })}
        onChange={({ currentTarget: { value } }) => setSeconds(value)}
      />
      <div>
        <Button
          variant="light"
          disabled={!isValid}
          onClick={() => void client.sync.simulateCooldown(reason, length * 1_000)}
        >
          {t("developer.pause.start")}
        </Button>
      </div>
      <Text size="sm" role="status">
        {view?.status.limit != null && say(cardWords(view.status, Date.now()).title)}
      </Text>
    </section>
  );
}
