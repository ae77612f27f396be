/** Facts of connection and storage, as they are now. */
import type { HoldfastClient } from "@holdfast/client";
import { Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { JSX } from "react";
import { useDevice } from "../device/use-device.ts";
import { moment } from "../shell/amounts.ts";
import { useServices } from "../shell/services.ts";
import { spaceWords } from "../sync/storage-facts.tsx";
import { recordings } from "../sync/sync-words.ts";
import { useSync } from "../sync/use-sync.ts";
import classes from "./settings.module.css";

const LOOK_EVERY_MS = 5_000;

export function DeveloperFacts({ client }: { readonly client: HoldfastClient | null }): JSX.Element {
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
    queryFn: async () => (client === null ? "Not open here" : spaceWords(await client.log.space())),
    networkMode: "always",
    refetchInterval: LOOK_EVERY_MS,
  });
  const next = view?.status.nextPassAtMs ?? null;
  const facts: readonly (readonly [string, string])[] = [
    ["Network", navigator.onLine ? "The browser says online" : "The browser says offline"],
    ["Server", server.isError ? "Does not answer" : (server.data ?? "Asking…")],
    ["Account", device.name === "open" ? device.account : "Not open here"],
    ["Storage", space.data ?? "Looking…"],
    ["In the log", view === null ? "Not open here" : recordings(view.client.log.recordings.size)],
    ["Next pass", next === null ? "Nothing is planned" : moment(next, Date.now())],
    ["Recovered at the start", client === null ? "Not open here" : recordings(client.log.recovery.sealed.length)],
  ];
  return (
    <section aria-labelledby="facts" className={classes.card}>
      <Title order={2} size="h4" id="facts">
        Connection and storage
      </Title>
      <dl className={classes.facts}>
        {facts.map(([name, value]) => (
          <div key={name} style={{ display: "contents" }}>
            <dt>{name}</dt>
            <dd>{value}</dd>
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
}): string {
  if (ok) return "Ready";
  const bad = Object.keys(parts).filter((name) => parts[name]?.ok === false);
  return `Answers, but is not ready: ${bad.join(", ")}`;
}
