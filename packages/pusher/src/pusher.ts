/**
 * The pusher: finishes conversations. It takes finalisation jobs from the database, by itself and when a gateway names one over
 * its link, and writes title, summary, tasks and memories. It can run many times; jobs are leased and fenced, so each is
 * done once in effect. Losing a link or a pusher loses nothing. What a finished conversation sets off (webhooks, kept sound)
 * is jobs of its own.
 */
import { type Config, HoldfastError, SPEECH_SAMPLES } from "@holdfast/contract";
import { type AddressRules, type Clock, fairUsePolicy, type Log, parseAddressRules, type Random } from "@holdfast/core";
import { type BlobStore, type Db, requestSpeechSamples } from "@holdfast/store";
import { startEffects } from "./effects/work.ts";
import { logEvents, type OnPusherEvent } from "./events.ts";
import { startLooks } from "./fair-use/work.ts";
import { createFinaliser } from "./finalise/finaliser.ts";
import { createHealth } from "./health.ts";
import { mayBeOpen } from "./link/admission.ts";
import { startLinkServer } from "./link/server.ts";
import { startPhotos } from "./photos/work.ts";
import { startWork } from "./process/work.ts";
import { createRealtimeConsumers } from "./realtime/consumers.ts";
import { currentLanguageModel } from "./summary/llm/current.ts";
import { tryLanguageModel } from "./summary/llm/try.ts";
import type { Summariser } from "./summary/port.ts";
import { createCircuits } from "./webhooks/circuit.ts";
import { createWebhookDesk } from "./webhooks/desk.ts";
import { notingResults } from "./webhooks/results.ts";
import { createWebhookSender, type WebhookSender } from "./webhooks/sender.ts";

export interface PusherDeps {
  readonly db: Db;
  /** Where kept sound lies. Without it this pusher works on no sound. */
  readonly blobs?: BlobStore;
  readonly config: Config;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** 0 takes any free port. */
  readonly port: number;
  readonly host: string;
  /** Told of everything that happens, besides the log. */
  readonly onEvent?: OnPusherEvent;
  /** Writes summaries; the language model that is set unless told otherwise. */
  readonly llm?: Summariser;
  /** Sends messages to webhooks; over HTTP unless told otherwise. */
  readonly sender?: WebhookSender;
  /** Serves links; a port of its own unless told otherwise. */
  readonly startLinks?: typeof startLinkServer;
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
    // What a finished conversation sets off need not wait for the next poll.
    if (event.type === "finalization_finished" && event.outcome === "completed") effects.wake();
    deps.onEvent?.(event);
  };
  const model = currentLanguageModel({ db, config, clock });
  const llm = async () => deps.llm ?? (await model())?.summariser;
  const describe = async () => (await model())?.describe;
  const finalise = createFinaliser({ db, clock, random, llm, onEvent });
  const owner = `pusher-${random.uuid().slice(0, 8)}`;
  const work = startWork({ db, clock, random, log, owner, finalise });
  const sender = deps.sender ?? createWebhookSender({ rules: addressRulesOf(config), clock });
  const desk = notingResults(createWebhookDesk(sender, createCircuits(clock)), { db, clock, log });
  const consumers = createRealtimeConsumers({ db, clock, random, log, desk, onEvent });
  const effects = startEffects({ db, blobs: deps.blobs, clock, random, log, owner, desk, onEvent });
  const photos = startPhotos({ db, clock, random, log, owner, describe, onEvent });
  const reader = async () => (await model())?.reader;
  const policy = fairUsePolicy(config);
  // Without fair use nobody asks for it; what was asked for before waits until it is on again.
  const looks = config.FAIR_USE_ENABLED
    ? startLooks({ db, clock, random, log, owner, policy, reader, onEvent })
    : undefined;
  let draining = false;
  const health = createHealth(db, clock, async () => ({
    draining,
    running: work.running() + effects.running() + photos.running() + (looks?.running() ?? 0),
    links: links.links(),
    // Where the database is away that is said, and nothing is summarised at all.
    summaries: (await llm().catch(() => undefined)) === undefined ? "basic" : "llm",
  }));
  const links = await (deps.startLinks ?? startLinkServer)({
    port: deps.port,
    host: deps.host,
    token,
    clock,
    onEvent,
    health,
    tryLanguageModel: () => tryLanguageModel(model, clock),
    process: work.process,
    requestSample: (userId, sample) =>
      requestSpeechSamples(db, {
        ...{ userId, personId: sample.person_id, conversationId: sample.conversation_id },
        ...{ segmentIds: sample.segment_ids, afterMs: SPEECH_SAMPLES.minAgeMs, nowMs: clock.now() },
      }),
    consumers,
  }).catch(async (error: unknown) => {
    await Promise.all([work.drain(), effects.drain(), photos.drain(), looks?.drain(), consumers.close()]);
    sender.close();
    throw error;
  });
  const drain = async (): Promise<void> => {
    draining = true;
    links.refuse();
    await Promise.all([work.drain(), effects.drain(), photos.drain(), looks?.drain()]);
  };
  return {
    port: links.port,
    drain,
    async close() {
      await drain();
      await links.close();
      await consumers.close();
      sender.close();
    },
  };
}

function addressRulesOf(config: Config): AddressRules {
  const rules = parseAddressRules(config.HOLDFAST_WEBHOOK_ALLOW_PRIVATE);
  if (rules !== undefined) return rules;
  throw new HoldfastError("HOLDFAST_WEBHOOK_ALLOW_PRIVATE must be hosts, addresses and ranges, or all", {
    code: "config_invalid",
    class: "permanent_input",
  });
}
