/**
 * Everything of the page that outlives a route, made once in main.tsx and reached by `useServices`: the session, the REST
 * client, the query cache, the recorder and the uploads. A refused token anywhere ends the session.
 */
import { HoldfastApi, retrying } from "@holdfast/client";
import { isHoldfastError } from "@holdfast/contract";
import { QueryClient } from "@tanstack/react-query";
import { createContext, useContext } from "react";
import { openListenLink } from "../capture/listen-link.ts";
import { openMicrophone } from "../capture/microphone.ts";
import { Recorder } from "../capture/recorder.ts";
import { CONVERSATIONS } from "../conversations/keys.ts";
import { Session } from "../session/session.ts";
import { sendForm } from "../uploads/send-form.ts";
import { Uploads } from "../uploads/uploads.ts";
import { browserClock as clock, browserRandom as random } from "./platform.ts";

export interface Services {
  readonly session: Session;
  readonly api: HoldfastApi;
  readonly queries: QueryClient;
  readonly recorder: Recorder;
  readonly uploads: Uploads;
}

const STOP_DEADLINE_MS = 60_000;

export function createServices(): Services {
  const server = window.location.origin;
  const session = new Session({ storage: localStorage, location: window.location, history: window.history });
  const token = (): string => session.token();
  const fetch = async (url: string, init: RequestInit): Promise<Response> => {
    const used = session.token();
    const response = await window.fetch(url, init);
    if (response.status === 401) session.refuse(used);
    return response;
  };
  const api = new HoldfastApi({ server, token, fetch, clock, sendForm });
  const queries = createQueries();
  const recorder = new Recorder({
    openMicrophone,
    openLink: (codec, listener) => openListenLink({ server, token, codec, clock, random }, listener),
    stopConversation: (id) => stopConversation(api, id),
    nowMs: () => clock.now(),
  });
  const uploads = new Uploads({
    api,
    clock,
    random,
    onConversations: () => void queries.invalidateQueries({ queryKey: CONVERSATIONS }),
  });
  return { session, api, queries, recorder, uploads };
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
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 1_000,
        // Only what may succeed unchanged is asked again.
        retry: (failures, error) => failures < 3 && isHoldfastError(error) && error.retryable,
      },
    },
  });
}

export const ServicesContext = createContext<Services | null>(null);

export function useServices(): Services {
  const services = useContext(ServicesContext);
  if (services === null) throw new Error("useServices is used outside of ServicesContext");
  return services;
}
