/** Opens the recordings of an account in this browser, with the settings that are kept beside them. */
import { browserConnect, HoldfastClient, type HoldfastClientOptions } from "@holdfast/client";
import type { Clock, Random } from "@holdfast/core";
import { pageEnvironment } from "./environment.ts";
import { storedRetentionDays } from "./retention.ts";
import { openStore } from "./store.ts";

type Http = Pick<HoldfastClientOptions, "server" | "token" | "fetch"> &
  Partial<Pick<HoldfastClientOptions, "sendForm">>;

/** Throws HoldfastError of the store. */
export async function openClient(http: Http, owner: string, clock: Clock, random: Random): Promise<HoldfastClient> {
  const store = await openStore(clock);
  const client = await HoldfastClient.open({
    ...http,
    ...{ store, owner, clock, random },
    connect: browserConnect((url) => new WebSocket(url)),
    environment: pageEnvironment({ page: window, hostname: window.location.hostname, clock, reaches }),
  });
  await client.sync.setRetentionDays(storedRetentionDays(client.log));
  return client;
}

async function reaches(): Promise<boolean> {
  try {
    await window.fetch("/health/ready", { cache: "no-store" });
    return true;
  } catch {
    return false;
  }
}
