/** For whoever wants to find out why recordings wait: a log of what syncing does, a pause to try out, and the facts. */
import type { HoldfastClient } from "@holdfast/client";
import type { CooldownReason } from "@holdfast/core";
import { Button, Group, NativeSelect, Stack, Text, TextInput, Title } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { type JSX, useState, useSyncExternalStore } from "react";
import { ElsewhereNote } from "../device/elsewhere-note.tsx";
import { useClient } from "../device/use-device.ts";
import { moment } from "../shell/amounts.ts";
import { useServices } from "../shell/services.ts";
import { usePageTitle } from "../shell/use-page-title.ts";
import { cardWords } from "../sync/sync-words.ts";
import { useSync } from "../sync/use-sync.ts";
import { DeveloperFacts } from "./developer-facts.tsx";
import { offerFile } from "./offer-file.ts";
import classes from "./settings.module.css";

export function DeveloperPage(): JSX.Element {
  const client = useClient();
  usePageTitle("Developer");
  return (
    <Stack gap="lg">
      <div>
        <Link to="/settings" className={classes.back}>
          Settings
        </Link>
        <Title order={1} size="h2">
          Developer
        </Title>
      </div>
      <ElsewhereNote />
      <LogToFile />
      {client !== null && <SimulatedPause client={client} />}
      <DeveloperFacts client={client} />
    </Stack>
  );
}

function LogToFile(): JSX.Element {
  const { diagnostics } = useServices();
  const isEnabled = useSyncExternalStore(diagnostics.subscribe, diagnostics.isEnabled);
  const [said, setSaid] = useState("");
  const attempt = (what: () => Promise<string>): void => {
    what().then(setSaid, () => setSaid("The browser gives no place for the log, or another tab has it open."));
  };
  return (
    <section aria-labelledby="log" className={classes.card}>
      <Title order={2} size="h4" id="log">
        Log to file
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
        Write down what syncing does
      </label>
      <Text size="sm" c="dimmed">
        Ids, codes, counts and times, no words and no sound; at most 5 MB a day, and three days. Turned off, what is
        there stays until it is cleared.
      </Text>
      <Group gap="xs">
        <Button
          variant="light"
          onClick={() => attempt(async () => await offerFile(await diagnostics.share(), "holdfast-log.jsonl"))}
        >
          Share
        </Button>
        <Button
          variant="subtle"
          color="gray"
          onClick={() =>
            attempt(async () => {
              await diagnostics.clear();
              return "The log is empty.";
            })
          }
        >
          Clear
        </Button>
      </Group>
      <Text size="sm" role="status">
        {said}
      </Text>
    </section>
  );
}

const REASONS: readonly { readonly value: CooldownReason; readonly label: string }[] = [
  { value: "fair_use", label: "The upload limit is reached" },
  { value: "backend_busy", label: "The server is busy" },
];
const LONGEST_S = 3_600;

function SimulatedPause({ client }: { readonly client: HoldfastClient }): JSX.Element {
  const view = useSync();
  const [reason, setReason] = useState<CooldownReason>("backend_busy");
  const [seconds, setSeconds] = useState("60");
  const length = Number(seconds);
  const isValid = length >= 1 && length <= LONGEST_S;
  return (
    <section aria-labelledby="pause" className={classes.card}>
      <Title order={2} size="h4" id="pause">
        Try out a pause
      </Title>
      <Text size="sm" c="dimmed">
        Uploads pause as if the server had said so. Nothing is asked of it until the pause is over.
      </Text>
      <NativeSelect
        label="Reason"
        data={[...REASONS]}
        value={reason}
        onChange={({ currentTarget: { value } }) => setReason(value === "fair_use" ? "fair_use" : "backend_busy")}
      />
      <TextInput
        label="Seconds"
        inputMode="numeric"
        value={seconds}
        error={isValid ? null : `A number from 1 to ${LONGEST_S}.`}
        onChange={({ currentTarget: { value } }) => setSeconds(value)}
      />
      <div>
        <Button
          variant="light"
          disabled={!isValid}
          onClick={() => void client.sync.simulateCooldown(reason, length * 1_000)}
        >
          Pause uploads
        </Button>
      </div>
      <Text size="sm" role="status">
        {view?.status.limit != null && cardWords(view.status, (atMs) => moment(atMs, Date.now())).title}
      </Text>
    </section>
  );
}
