/**
 * The speech process: the two wire shapes in front of one engine. `start` listens and loads nothing; the engine child is
 * started by the first stream or recording and ended after idleness (`HOLDFAST_MODEL_IDLE_SECONDS`).
 */
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { Config } from "@holdfast/contract";
import type { Clock, Log, Random } from "@holdfast/core";
import { parseEngines } from "@holdfast/stt-client";
import fastify from "fastify";
import { createEngine } from "../engine/engine.ts";
import { createScheduler } from "../engine/scheduler.ts";
import { embeddedRecogniser, type Recogniser, remoteRecogniser } from "../recognise/recogniser.ts";
import { isAllowed } from "./auth.ts";
import { openAiError, registerBatchRoute } from "./batch-route.ts";
import { createListenRoute } from "./listen-route.ts";

export interface SpeechDeps {
  readonly config: Config;
  readonly log: Log;
  readonly clock: Clock;
  readonly random: Random;
}

export interface RunningSpeech {
  readonly port: number;
  /** Takes no new work and ends the live streams, whose clients go on elsewhere. */
  drain(): Promise<void>;
  close(): Promise<void>;
}

/** As many decodes at once as pay off on two cores (measured: a third gains 15 % and costs 120 MB). */
const SLOTS = 2;

export async function startSpeech(deps: SpeechDeps): Promise<RunningSpeech> {
  const { config, log, clock, random } = deps;
  const engine = createEngine({
    settings: { model: config.HOLDFAST_MODEL, cacheDir: join(config.HOLDFAST_DATA, "cache") },
    idleMs: config.HOLDFAST_MODEL_IDLE_SECONDS * 1_000,
    clock,
    random,
    log,
  });
  const scheduler = createScheduler({ slots: SLOTS, isLive: () => listen.open > 0 });
  const embedded = embeddedRecogniser(engine, scheduler);
  const engines = parseEngines(config);
  const recogniserFor = (id: string | undefined, language: string | undefined): Recogniser | undefined => {
    const chosen = engines.find((candidate) => (id === undefined ? candidate.throughSpeech : candidate.id === id));
    if (chosen === undefined || !chosen.throughSpeech) return undefined;
    return chosen.kind === "embedded" ? embedded : remoteRecogniser(chosen, language);
  };
  const token = config.HOLDFAST_INTERNAL_TOKEN;
  const listen = createListenRoute({ engine, recogniserFor, token, clock, random, log });

  const app = fastify({ logger: false, forceCloseConnections: true, requestTimeout: 0 });
  app.addHook("onRequest", async (request, reply) => {
    if (request.url.startsWith("/health") || isAllowed(request.raw, token)) return;
    await reply.code(401).send(openAiError("a valid token is needed", "invalid_api_key"));
  });
  app.get("/health", () => ({
    status: "ok",
    engine: {
      ...engine.status,
      model: config.HOLDFAST_MODEL,
      queued: scheduler.queued,
      decoding: scheduler.running,
      liveStreams: listen.open,
    },
    rssBytes: process.memoryUsage.rss(),
  }));
  app.get("/v1/models", () => ({
    object: "list",
    data: [{ id: `moonshine-${config.HOLDFAST_MODEL}`, object: "model", created: 0, owned_by: "holdfast" }],
  }));
  await registerBatchRoute(app, { engine, recogniser: embedded });
  app.server.on("upgrade", (request, socket, head) => listen.upgrade(request, socket, head));
  await app.listen({ host: config.HOLDFAST_INTERNAL_HOST, port: config.HOLDFAST_SPEECH_PORT });
  const { port } = app.server.address() as AddressInfo;

  return {
    port,
    drain: async () => listen.close(),
    async close(): Promise<void> {
      listen.close();
      await Promise.all([app.close(), engine.close()]);
    },
  };
}
