/** Facts of connection and storage, as they are now. */
import type { HoldfastClient } from "@holdfast/client";
import { Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { JSX } from "react";
import { useDevice } from "../device/use-device.ts";
import { moment } from "../i18n/amounts.ts";
import { type Message, type MessageId, message, type Text } from "../i18n/message.ts";
import { useWords } from "../i18n/use-words.tsx";
import { useServices } from "../shell/services.ts";
import { spaceWords } from "../sync/storage-facts.tsx";
import { useSync } from "../sync/use-sync.ts";
import classes from "./settings.module.css";

const LOOK_EVERY_MS = 5_000;

const NOT_OPEN = message("developer.facts.not_open");
const ASKING = message("developer.facts.server.asking");
const SILENT = message("developer.facts.server.silent");

export function DeveloperFacts({ client }: { readonly client: HoldfastClient | null }): JSX.Element {
  const { t, say } = useWords();
  const { api } = useServices();
  const device = useDevice();
  const view = useSync();
  const server = useQuery({
    queryKey: ["readiness"],
    queryFn: async ({ signal }) => healthWords(await api.readiness(signal)),
    networkMode: "always",
    refetchInterval: LOOK_EVERY_MS,
  });
  const space = useQuery({
    queryKey: ["space", "facts"],
    queryFn: async () => (client === null ? NOT_OPEN : spaceWords(await client.log.space())),
    networkMode: "always",
    refetchInterval: LOOK_EVERY_MS,
  });
  const next = view?.status.nextPassAtMs ?? null;
  const recordings = (count: number): Text => message("sync.count", { count });
  const facts: readonly (readonly [MessageId, Text])[] = [
    ["developer.facts.network", message(`developer.facts.network.${navigator.onLine ? "online" : "offline"}`)],
    ["developer.facts.server", server.isError ? SILENT : (server.data ?? ASKING)],
    ["developer.facts.account", device.name === "open" ? device.account : NOT_OPEN],
    ["developer.facts.storage", space.data ?? message("developer.facts.storage.looking")],
    ["developer.facts.log", view === null ? NOT_OPEN : recordings(view.client.log.recordings.size)],
    [
      "developer.facts.next",
      next === null
        ? message("developer.facts.next.none")
        : message("developer.facts.next.at", { ...moment(next, Date.now()) }),
    ],
    ["developer.facts.recovered", client === null ? NOT_OPEN : recordings(client.log.recovery.sealed.length)],
  ];
  return (
    <section aria-labelledby="facts" className={classes.card}>
      <Title order={2} size="h4" id="facts">
        {t("developer.facts")}
      </Title>
      <dl className={classes.facts}>
        {facts.map(([name, value]) => (
          <div key={name} style={{ display: "contents" }}>
            <dt>{t(name)}</dt>
            <dd>{say(value)}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function healthWords({
  ok,
  parts,
}: {
  readonly ok: boolean;
  readonly parts: Readonly<Record<string, { readonly ok: boolean }>>;
}): Message {
  if (ok) return message("developer.facts.server.ready");
  const bad = Object.keys(parts).filter((name) => parts[name]?.ok === false);
  return message("developer.facts.server.not_ready", { parts: { as: "list", items: bad, type: "conjunction" } });
}
