/**
 * The pusher: finishes conversations. It takes finalisation jobs from the database, by itself and when a gateway names one over
 * its link, and writes title, summary, tasks and memories. It can run many times; jobs are leased and fenced, so each is
 * done once in effect. Losing a link or a pusher loses nothing.
 */
import { type Config, HoldfastError } from "@holdfast/contract";
import type { Clock, Log, Random } from "@holdfast/core";
import type { Db } from "@holdfast/store";
import { logEvents, type OnPusherEvent } from "./events.ts";
import { createFinaliser } from "./finalise/finaliser.ts";
import { createHealth } from "./health.ts";
import { mayBeOpen } from "./link/admission.ts";
import { startLinkServer } from "./link/server.ts";
import { startWork } from "./process/work.ts";
import { llmSummariser } from "./summary/llm/index.ts";
import type { Summariser } from "./summary/port.ts";

export interface PusherDeps {
  readonly db: Db;
  readonly config: Config;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** 0 takes any free port. */
  readonly port: number;
  readonly host: string;
  /** Told of everything that happens, besides the log. */
  readonly onEvent?: OnPusherEvent;
}

export interface Pusher {
  readonly port: number;
  /** Takes nothing new and gives the jobs in hand back; another pusher, or this one's next start, goes on. Idempotent. */
  drain(): Promise<void>;
  /** Drains, ends the links and frees the port. The database stays open: it is the caller's. Idempotent. */
  close(): Promise<void>;
}

/** Throws HoldfastError `config_invalid` where it would be open to other machines without a token. */
export async function startPusher(deps: PusherDeps): Promise<Pusher> {
  const { db, config, clock, random, log } = deps;
  const token = config.HOLDFAST_INTERNAL_TOKEN;
  if (token === undefined && !mayBeOpen(deps.host)) {
    throw new HoldfastError(`HOLDFAST_INTERNAL_TOKEN must be set to listen on ${deps.host}`, {
      code: "config_invalid",
      class: "permanent_input",
    });
  }
  const logged = logEvents(log);
  const onEvent: OnPusherEvent = (event) => {
    logged(event);
    deps.onEvent?.(event);
  };
  const llm = summariserOf(config, clock);
  const finalise = createFinaliser({ db, clock, random, llm, onEvent });
  const owner = `pusher-${random.uuid().slice(0, 8)}`;
  const work = startWork({ db, clock, log, owner, finalise });
  let draining = false;
  const health = createHealth(db, clock, () => ({
    draining,
    running: work.running(),
    links: links.links(),
    summaries: llm === undefined ? "basic" : "llm",
  }));
  const links = await startLinkServer({
    port: deps.port,
    host: deps.host,
    token,
    clock,
    onEvent,
    health,
    process: work.process,
  }).catch(async (error: unknown) => {
    await work.drain();
    throw error;
  });
  const drain = async (): Promise<void> => {
    draining = true;
    links.refuse();
    await work.drain();
  };
  return {
    port: links.port,
    drain,
    async close() {
      await drain();
      await links.close();
    },
  };
}

function summariserOf(config: Config, clock: Clock): Summariser | undefined {
  const url = config.HOLDFAST_LLM_URL;
  if (url === undefined) return undefined;
  if (!URL.canParse(url)) {
    throw new HoldfastError("HOLDFAST_LLM_URL is not a URL", { code: "config_invalid", class: "permanent_input" });
  }
  return llmSummariser(
    {
      url,
      key: config.HOLDFAST_LLM_KEY,
      model: config.HOLDFAST_LLM_MODEL,
      timeoutMs: config.HOLDFAST_LLM_TIMEOUT_SECONDS * 1_000,
    },
    clock,
  );
}
