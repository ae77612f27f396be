/**
 * Everything of the page that outlives a route, made once in main.tsx and reached by `useServices`: the session, the REST
 * client, the query cache, the language, newer builds, the recordings of this browser and how they are synced, the recorder and
 * dropped files. A refused token anywhere ends the session; the recordings stay in their log.
 */

import { ENGLISH, LAZY } from "virtual:catalogues";
import {
  systemClock as clock,
  type FormTransport,
  HoldfastApi,
  type HoldfastClient,
  systemRandom as random,
  retrying,
} from "@holdfast/client";
import { HoldfastError, isHoldfastError } from "@holdfast/contract";
import { onlineManager, QueryClient } from "@tanstack/react-query";
import { createContext, useContext } from "react";
import { AudioInputs } from "../capture/audio-inputs.ts";
import { openCaptureLink } from "../capture/capture-link.ts";
import type { FrameEncoder } from "../capture/encoder.ts";
import type { LiveLink, LiveLinkListener } from "../capture/live-link.ts";
import { openMicrophone } from "../capture/microphone.ts";
import { CaptureError } from "../capture/problem.ts";
import { Recorder } from "../capture/recorder.ts";
import { CONVERSATIONS } from "../conversations/keys.ts";
import { Device } from "../device/device.ts";
import { openClient } from "../device/open-client.ts";
import { Persistence } from "../device/persistence.ts";
import { WakeLock } from "../device/wake-lock.ts";
import { PageLanguage } from "../i18n/language.ts";
import { PageUpdates } from "../pwa/page-updates.ts";
import { Session } from "../session/session.ts";
import { rememberAccount, rememberedAccount } from "../session/token.ts";
import { Diagnostics } from "../settings/diagnostics.ts";
import { SyncWatch } from "../sync/sync-watch.ts";
import { Imports } from "../uploads/imports.ts";
import { sendForm } from "../uploads/send-form.ts";

export interface Services {
  readonly session: Session;
  readonly api: HoldfastApi;
  readonly queries: QueryClient;
  readonly device: Device;
  readonly syncing: SyncWatch;
  readonly inputs: AudioInputs;
  readonly recorder: Recorder;
  readonly imports: Imports;
  readonly persistence: Persistence;
  readonly diagnostics: Diagnostics;
  readonly language: PageLanguage;
  readonly updates: PageUpdates;
  /** When this page was opened, Unix milliseconds. */
  readonly openedAtMs: number;
}

const STOP_DEADLINE_MS = 60_000;

/** `script` is the path of the script that the page began with. */
export function createServices(script: string): Services {
  const session = new Session({ storage: localStorage, location: window.location, history: window.history });
  const http = httpOf(session);
  const api = new HoldfastApi(http);
  const queries = createQueries();
  const diagnostics = new Diagnostics({ storage: localStorage, clock });
  const language = new PageLanguage({
    ...{ english: ENGLISH, lazy: LAZY, stored: localStorage, visit: sessionStorage },
    ...{ location: window.location, history: window.history, root: document.documentElement },
    browser: () => navigator.languages,
    onStoredElsewhere: (listener) => window.addEventListener("storage", ({ key }) => listener(key)),
  });
  const device: Device = new Device({
    locks: navigator.locks,
    clock,
    account: (signal) => accountOf(api, signal),
    open: async (account) => {
      const client = await openClient(http, account, clock, random);
      serve(client, queries, diagnostics);
      return client;
    },
    beforeClose: () => recorder.stop(),
  });
  const persistence = new Persistence(localStorage);
  const inputs = new AudioInputs({ media: navigator.mediaDevices, storage: localStorage });
  const recorder: Recorder = new Recorder({
    openMicrophone: (listener) => openMicrophone(listener, inputs),
    openLink: (codec, listener) => openLink(device, persistence, codec, listener),
    stopConversation: (id) => stopConversation(api, id),
    nowMs: () => clock.now(),
  });
  keepAwake(recorder);
  const imports = new Imports({
    client: async () => {
      const client = await device.client();
      void persistence.askOnce(client.log);
      return client;
    },
    nowMs: () => clock.now(),
  });
  const syncing = new SyncWatch(device, clock);
  const updates = new PageUpdates({
    ...{ workers: navigator.serviceWorker as ServiceWorkerContainer | undefined, clock, script },
    reload: () => window.location.reload(),
  });
  const follow = (): void => device.use(session.token() === "" ? null : session.token());
  session.subscribe(follow);
  follow();
  return {
    ...{ session, api, queries, device, syncing, inputs, recorder },
    ...{ imports, persistence, diagnostics, language, updates },
    openedAtMs: clock.now(),
  };
}

type Http = ConstructorParameters<typeof HoldfastApi>[0];

function httpOf(session: Session): Http {
  const heard = (token: string, response: Response): Response => {
    if (response.status === 401) session.refuse(token);
    return response;
  };
  return {
    server: window.location.origin,
    token: () => session.token(),
    fetch: async (url, init) => heard(session.token(), await window.fetch(url, init)),
    sendForm: (async (form) => heard(session.token(), await sendForm(form))) satisfies FormTransport,
    clock,
  };
}

/** Known from before, so that it is there without a server; else asked until it answers. */
async function accountOf(api: HoldfastApi, signal: AbortSignal): Promise<string> {
  const known = rememberedAccount(localStorage);
  if (known !== null) return known;
  const account = await retrying(() => api.getAccount(signal), {
    ...{ clock, random, signal, deadlineMs: Number.POSITIVE_INFINITY },
  });
  if (signal.aborted) throw new HoldfastError("signed out meanwhile", { code: "signed_out", class: "auth" });
  rememberAccount(localStorage, account);
  return account;
}

/** What the page does for a client that is open; ends with it. */
function serve(client: HoldfastClient, queries: QueryClient, diagnostics: Diagnostics): void {
  client.sync.on((name) => {
    if (name === "conversations") void queries.invalidateQueries({ queryKey: CONVERSATIONS });
  });
  // The page is looked at while it is in the foreground, and in the background the engine asks nothing.
  client.sync.attend();
  diagnostics.follow(client.sync);
}

async function openLink(
  device: Device,
  persistence: Persistence,
  codec: FrameEncoder["codec"],
  listener: LiveLinkListener,
): Promise<LiveLink> {
  const client = await device.client().catch((error: unknown) => {
    const isElsewhere = isHoldfastError(error) && error.code === "log_in_use";
    throw new CaptureError(isElsewhere ? "other_tab" : "storage_failed", error);
  });
  void persistence.askOnce(client.log);
  return await openCaptureLink(client, codec, listener);
}

function keepAwake(recorder: Recorder): void {
  const lock = new WakeLock({ wakeLock: navigator.wakeLock, document });
  recorder.subscribe(() => {
    if (recorder.snapshot().phase === "recording") lock.take();
    else lock.release();
  });
}

/** The id of the conversation that was ended; null where nothing was said, so that there is none. */
async function stopConversation(api: HoldfastApi, id: string | null): Promise<string | null> {
  const deadlineMs = clock.now() + STOP_DEADLINE_MS;
  try {
    const stopped =
      id === null
        ? await api.stopConversation()
        : await retrying(() => api.finalizeConversation(id), { clock, random, deadlineMs });
    return stopped.id;
  } catch (error) {
    if (isHoldfastError(error) && (error.code === "not_found" || error.code === "conversation_not_found")) return null;
    throw error;
  }
}

function createQueries(): QueryClient {
  // It begins as online whatever the browser says, and would not hear that the network came.
  onlineManager.setOnline(navigator.onLine);
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 1_000,
        // Without a network it fails and is said, instead of waiting in silence; it is asked again when there is one.
        networkMode: "always",
        refetchOnReconnect: true,
        // Only what may succeed unchanged is asked again.
        retry: (failures, error) => failures < 3 && navigator.onLine && isHoldfastError(error) && error.retryable,
      },
      mutations: { networkMode: "always" },
    },
  });
}

export const ServicesContext = createContext<Services | null>(null);

export function useServices(): Services {
  const services = useContext(ServicesContext);
  if (services === null) throw new Error("useServices is used outside of ServicesContext");
  return services;
}
