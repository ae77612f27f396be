/**
 * `GET /v1/listen`: the streaming route in Deepgram's shape. Binary frames are audio messages, text frames are `KeepAlive`,
 * `Context`, `Finalize`, `CloseStream`; anything else is passed over. A bad query is refused before the upgrade. Reading from the
 * socket stops while more than a minute of audio waits to be recognised. A stream on which nothing comes for 30 s ends.
 */
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { createMessageDecoder } from "@holdfast/codecs";
import { HoldfastError, isHoldfastError, messageOf } from "@holdfast/contract";
import type { Clock, Log, Random } from "@holdfast/core";
import { type WebSocket, WebSocketServer } from "ws";
import type { Engine } from "../engine/engine.ts";
import { metadataFrame, resultsFrame } from "../listen/results.ts";
import { createListenSession, type ListenSession } from "../listen/session.ts";
import type { Recogniser } from "../recognise/recogniser.ts";
import { LIVE_SEGMENTS } from "../segment/segmenter.ts";
import { isAllowed } from "./auth.ts";
import { type ListenQuery, parseListenQuery } from "./listen-query.ts";

export interface ListenRouteDeps {
  readonly engine: Engine;
  /** The recogniser of an entry of HOLDFAST_STT; undefined for an entry that is not there. */
  readonly recogniserFor: (engine: string | undefined, language: string | undefined) => Recogniser | undefined;
  readonly token: string | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

export interface ListenRoute {
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  readonly open: number;
  /** Ends all streams with 1012; their clients open new ones elsewhere. */
  close(): void;
}

const SAMPLE_RATE = 16_000;
const MAX_MESSAGE_BYTES = 1_048_576;
const SILENT_PEER_MS = 30_000;
const PAUSE_ABOVE = 60 * SAMPLE_RATE;
const RESUME_BELOW = 40 * SAMPLE_RATE;
const SERVICE_RESTART = 1012;
/** Messages of context that a stream may begin with; more of them are taken for its sound. */
const MAX_CONTEXT = 1_000;

export function createListenRoute(deps: ListenRouteDeps): ListenRoute {
  const server = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: MAX_MESSAGE_BYTES });
  const sockets = new Set<WebSocket>();
  let closing = false;

  const accept = async (request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> => {
    const url = new URL(request.url ?? "/", "http://speech");
    if (url.pathname !== "/v1/listen") return refuse(socket, 404, "there is no such stream");
    if (!isAllowed(request, deps.token)) return refuse(socket, 401, "a valid token is needed");
    if (closing) return refuse(socket, 503, "the speech process is ending");
    const query = parseListenQuery(url.searchParams);
    if ("problem" in query) return refuse(socket, 400, query.problem);
    const recogniser = deps.recogniserFor(query.engine, query.language);
    if (recogniser === undefined) return refuse(socket, 400, "there is no such engine");
    const decoder = await createMessageDecoder(query);
    if (socket.destroyed) return decoder.close();
    server.handleUpgrade(request, socket, head, (webSocket) => {
      sockets.add(webSocket);
      webSocket.once("close", () => sockets.delete(webSocket));
      serve(webSocket, query, decoder, recogniser);
    });
  };

  const serve = (
    socket: WebSocket,
    query: ListenQuery,
    decoder: Awaited<ReturnType<typeof createMessageDecoder>>,
    recogniser: Recogniser,
  ): void => {
    const requestId = deps.random.uuid();
    const log = deps.log.child({ stream: requestId });
    let finishing = false;
    const session: ListenSession = createListenSession({
      decoder,
      engine: deps.engine,
      recogniser,
      clock: deps.clock,
      segments: { ...LIVE_SEGMENTS, endpointMs: query.endpointMs },
      interim: query.interim,
      onStretch: (stretch) => {
        socket.send(resultsFrame(stretch));
        if (socket.isPaused && session.backlog < RESUME_BELOW) socket.resume();
      },
      onFailure: (error) => {
        log.warn({ error: messageOf(error) }, "stream failed");
        const { code, reason } = closeOf(error);
        socket.close(code, reason);
      },
    });
    const finish = async (): Promise<void> => {
      if (finishing) return;
      finishing = true;
      await session.finish();
      if (socket.readyState !== socket.OPEN) return;
      socket.send(metadataFrame(requestId, session.received));
      socket.close(1000);
    };
    let begun = false;
    let contextLeft = 0;
    const onText = (text: string): void => {
      const { type, messages } = controlOf(text);
      if (type === "Context" && !begun && Number.isInteger(messages))
        contextLeft = Math.min(Number(messages), MAX_CONTEXT);
      else if (type === "Finalize") session.finalize();
      else if (type === "CloseStream") void finish();
    };
    let heard = true;
    const watch = deps.clock.every(SILENT_PEER_MS, () => {
      // A paused socket hears nothing by our own wish.
      if (!heard && !finishing && !socket.isPaused) socket.close(1011, "nothing was received for too long");
      heard = false;
    });
    socket.on("message", (data: Buffer, isBinary: boolean) => {
      heard = true;
      if (finishing) return;
      if (!isBinary) return onText(data.toString());
      begun = true;
      if (contextLeft > 0) {
        contextLeft -= 1;
        return session.context(data);
      }
      session.audio(data);
      if (session.backlog > PAUSE_ABOVE) socket.pause();
    });
    socket.on("error", (error) => log.warn({ error: messageOf(error) }, "stream socket failed"));
    socket.on("close", (code) => {
      watch.cancel();
      session.close();
      const seconds = Math.round(session.received / SAMPLE_RATE);
      log.info({ code, seconds, badMessages: decoder.stats.badMessages }, "stream ended");
    });
    log.info({ codec: query.codec, sampleRate: query.sampleRate, engine: query.engine }, "stream opened");
  };

  return {
    upgrade(request, socket, head): void {
      socket.on("error", () => socket.destroy());
      accept(request, socket, head).catch((error: unknown) => {
        deps.log.error({ error: messageOf(error) }, "stream could not be opened");
        refuse(socket, 500, "the stream could not be opened");
      });
    },
    get open(): number {
      return sockets.size;
    },
    close(): void {
      closing = true;
      for (const socket of sockets) socket.close(SERVICE_RESTART, "the speech process is ending");
    },
  };
}

function controlOf(text: string): { readonly type?: unknown; readonly messages?: unknown } {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    return {};
  }
}

/** 1008: the engine refuses this for good. 1013: later. 1011: it broke. */
function closeOf(error: unknown): { code: number; reason: string } {
  const known = isHoldfastError(error)
    ? error
    : new HoldfastError(messageOf(error), { code: "internal", class: "content" });
  const code = known.class === "auth" ? 1008 : known.class === "throttle" || known.class === "capacity" ? 1013 : 1011;
  return { code, reason: known.code };
}

const PHRASES: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  404: "Not Found",
  500: "Internal Server Error",
  503: "Service Unavailable",
};

function refuse(socket: Duplex, status: number, message: string): void {
  if (socket.destroyed) return;
  const body = JSON.stringify({ err_code: PHRASES[status] ?? "", err_msg: message });
  socket.end(
    `HTTP/1.1 ${status} ${PHRASES[status] ?? ""}\r\ncontent-type: application/json\r\nconnection: close\r\n` +
      `${status === 503 ? "retry-after: 1\r\n" : ""}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
