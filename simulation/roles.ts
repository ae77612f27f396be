/**
 * The processes of Holdfast in a simulated world: the real objects of each role, given the clock, randomness, database and
 * network of a simulated process. Only what touches the operating system is replaced: listening sockets, the decode thread,
 * the speech engine and the language model.
 */
import { CLOSE, type Config, parseListenQuery } from "@holdfast/contract";
import { type PusherEvent, startPusher } from "@holdfast/pusher";
import { admit, type Summariser, serveLink, type WebhookSender } from "@holdfast/pusher/parts";
import {
  audioFormat,
  type ConnectLink,
  createAudioWriter,
  createPusherLinks,
  endConversation,
  Inbox,
  LEASE_MS,
  type ListenGateway,
  LiveSession,
  Lots,
} from "@holdfast/server/parts";
import type { Db } from "@holdfast/store";
import type { DatabaseServer, SimDisk, SimNetwork, SimProcess, SimSocket } from "@holdfast/testkit/simulator";
import { startWorker } from "@holdfast/worker";
import { type DecodeDesk, openSource, pieceStream, type Transcriber } from "@holdfast/worker/parts";
import type { ClientOptions, WebSocket } from "ws";
import type { Served } from "./http.ts";
import { wordsBrought } from "./own-words.ts";
import type { Plant } from "./plants.ts";
import { SAMPLE_RATE } from "./sound.ts";
import { serveStream } from "./speech.ts";
import { openBlobs, startUploadRole } from "./upload-role.ts";

export interface RoleParts {
  readonly network: SimNetwork;
  readonly database: DatabaseServer;
  readonly disk: SimDisk;
  readonly config: Config;
}

/** Connections of each role, as their `main.ts` sets them. */
const POOL = { gateway: 8, pusher: 8, worker: 5 } as const;

export interface GatewayHandle {
  readonly process: SimProcess;
  endConversation(userId: string, conversationId: string): Promise<unknown>;
}

export interface GatewaySurroundings {
  /** The server chose an id for the recording that this socket brings. */
  readonly onNamed: (socketName: string, recordingId: string) => void;
  /** Words that a client brought have reached it, and its session has begun. */
  readonly onWords: (by: SimProcess, words: readonly string[]) => void;
  /** It is about to answer a request. */
  readonly onAnswer: (by: SimProcess, served: Served) => void;
  /** One more body is on its way to it, or one less. */
  readonly onReceiving: (by: SimProcess, change: 1 | -1) => void;
  readonly takesUploads: boolean;
  /** Some clients leave resumable uploads behind. */
  readonly sweeps: boolean;
  readonly plant: Plant | undefined;
}

export function startGatewayRole(process: SimProcess, parts: RoleParts, around: GatewaySurroundings): GatewayHandle {
  const { onNamed, takesUploads, plant } = around;
  const { network, config, disk } = parts;
  const { clock, random, log } = process;
  const db = parts.database.open(process, POOL.gateway);
  const connect = (url: string, options: ClientOptions): WebSocket =>
    network.connect(process, url, connectOptions(options)).asWebSocket();
  const links = createPusherLinks({
    url: config.HOSTED_PUSHER_API_URL,
    token: config.HOLDFAST_INTERNAL_TOKEN,
    clock,
    random,
    log,
    connect: connectLink(network, process),
  });
  const writer = createAudioWriter({ db, clock, leaseMs: LEASE_MS });
  const lots = new Lots(clock);
  const deps = { db, config, clock, random, log, writer, lots, links, circuits: new Map(), connect };
  const sessions = new Set<LiveSession>();
  const listen: ListenGateway = {
    handleUpgrade: () => {},
    async endConversation(userId, conversationId, options) {
      for (const session of sessions) {
        if (session.userId === userId && session.holds(conversationId)) {
          return await session.endConversation(conversationId, options);
        }
      }
      return undefined;
    },
    sessionCount: () => sessions.size,
    checkSessions: async () => {},
    drain: async () => {},
    close: async () => {},
  };
  const serve = (socket: SimSocket, url: URL, userId: string): void => {
    const parsed = parseListenQuery(url.searchParams);
    // Shorter silences than clients may ask for, so that many conversations fit into a short life. A call has none.
    const shortMs = Number(url.searchParams.get("conversation_timeout")) * 1000;
    const query = parsed.channels > 1 ? parsed : { ...parsed, conversationTimeoutMs: shortMs };
    const format = audioFormat(query);
    if ("reason" in format) {
      socket.close(CLOSE.unsupportedData, format.reason);
      return;
    }
    if (plant?.acknowledgesOnReceipt === true) acknowledgeOnReceipt(socket, url);
    if (plant?.missesGoodbyes === true) missGoodbyes(socket);
    if (query.customStt) hearWords(socket, (words) => around.onWords(process, words));
    const webSocket = socket.asWebSocket();
    const request = { userId, query, format, clientDeviceId: null, clientPlatform: null };
    const session = new LiveSession(deps, webSocket, new Inbox(webSocket, lots), request);
    sessions.add(session);
    void session.run().finally(() => sessions.delete(session));
  };
  network.listen("gateway", {
    process,
    accept:
      ({ url, headers }) =>
      (socket) => {
        const name = headers["x-simulated-socket"];
        if (name !== undefined) hearName(socket, (recordingId) => onNamed(name, recordingId));
        serve(socket, url, headers.authorization?.split(" ")[1] ?? "");
      },
  });
  if (takesUploads) {
    void startUploadRole(process, { ...around, network, disk, config, db });
  }
  return {
    process,
    endConversation: (userId, id) => endConversation({ db, clock, listen, links }, userId, id, "stop"),
  };
}

/** The id is in what the server sends first about the conversation; whether that arrives or not, sound is stored under it. */
function hearName(socket: SimSocket, onName: (recordingId: string) => void): void {
  const send = socket.send.bind(socket);
  let isNamed = false;
  socket.send = (data, ...rest) => {
    const id = isNamed || typeof data !== "string" ? undefined : /"recording_session_id":"([^"]+)"/.exec(data)?.[1];
    if (id !== undefined) {
      isNamed = true;
      onName(id);
    }
    send(data, ...rest);
  };
}

/** Words may come before the session has begun; they count from then on. */
function hearWords(socket: SimSocket, onWords: (words: readonly string[]) => void): void {
  const send = socket.send.bind(socket);
  let early: string[] | undefined = [];
  socket.send = (data, ...rest) => {
    if (early !== undefined && typeof data === "string" && data.includes('"status":"ready"')) {
      onWords(early);
      early = undefined;
    }
    send(data, ...rest);
  };
  socket.on("message", (data: Buffer, isBinary: boolean) => {
    const words = isBinary ? [] : wordsBrought(data.toString());
    if (early === undefined) onWords(words);
    else early.push(...words);
  });
}

/** The planted fault: whoever hangs up is taken for one whose network is gone. */
function missGoodbyes(socket: SimSocket): void {
  const emit = socket.emit.bind(socket);
  socket.emit = (event: string, ...values: unknown[]) => emit(event, ...(event === "close" ? [1006, ""] : values));
}

/** The planted fault: every message is acknowledged as it comes. */
function acknowledgeOnReceipt(socket: SimSocket, url: URL): void {
  let received = Number(url.searchParams.get("first_sequence"));
  socket.on("message", (_data: Buffer, isBinary: boolean) => {
    if (!isBinary) return;
    received += 1;
    const recordingId = url.searchParams.get("client_conversation_id");
    if (socket.readyState !== socket.OPEN) return;
    socket.send(JSON.stringify({ type: "audio_ack", sequence: received, recording_session_id: recordingId }));
  });
}

/** A link's socket over the simulated network, as `connectWebSocket` makes it over the real one. */
function connectLink(network: SimNetwork, process: SimProcess): ConnectLink {
  return (url, headers, events) => {
    const socket = network.connect(process, url, { headers });
    let failure: string | undefined;
    socket.on("open", events.onOpen);
    socket.on("message", (data: Buffer, isBinary: boolean) => {
      if (isBinary) events.onMessage(data);
    });
    socket.on("pong", events.onPong);
    socket.on("error", (error: Error) => {
      failure ??= error.message;
    });
    socket.on("close", (code: number) => events.onClose(failure ?? `closed with ${code}`));
    return {
      send: (frame, done) => socket.send(frame, (error) => done(error === undefined)),
      ping: () => socket.ping(),
      close: (code) => socket.close(code),
      terminate: () => socket.terminate(),
    };
  };
}

function connectOptions({ headers, handshakeTimeout }: ClientOptions) {
  return {
    headers: Object.fromEntries(Object.entries(headers ?? {}).map(([name, value]) => [name, String(value)])),
    ...(handshakeTimeout === undefined ? {} : { handshakeTimeout }),
  };
}

export interface PusherSurroundings {
  readonly llm: Summariser | undefined;
  readonly sender: WebhookSender;
  readonly onEvent: (event: PusherEvent) => void;
}

export function startPusherRole(process: SimProcess, parts: RoleParts, around: PusherSurroundings): Db {
  const { llm, sender, onEvent } = around;
  const { clock, random, log } = process;
  const db = parts.database.open(process, POOL.pusher);
  void startPusher({
    db,
    config: parts.config,
    clock,
    random,
    log,
    port: 0,
    host: "127.0.0.1",
    sender,
    onEvent,
    ...(llm === undefined ? {} : { llm }),
    async startLinks(options) {
      let links = 0;
      parts.network.listen("pusher", {
        process,
        accept({ url, headers }) {
          const admission = admit(`${url.pathname}${url.search}`, headers.authorization, options.token);
          if (!admission.admitted) return { status: admission.status };
          links += 1;
          const { userId, codec, layout, sampleRate } = admission;
          const identity = { link: links, userId, codec, layout, sampleRate };
          return (socket) => void serveLink(socket.asWebSocket(), identity, options);
        },
      });
      return { port: 0, links: () => links, refuse: () => {}, close: async () => {} };
    },
  });
  return db;
}

/** Recordings are cut into pieces of seconds, so that many of them have several. */
const PIECES = { maxSamples: 3 * SAMPLE_RATE, searchSamples: SAMPLE_RATE };

export async function startWorkerRole(process: SimProcess, parts: RoleParts, transcriber: Transcriber): Promise<void> {
  const { clock, random, log, scheduler } = process;
  const db = parts.database.open(process, POOL.worker);
  const openDesk = (): DecodeDesk => ({
    async *decode(source, fromSample) {
      const samples = openSource(source);
      const pieces =
        source.kind === "recording" ? pieceStream(samples, fromSample, PIECES) : pieceStream(samples, fromSample);
      for (;;) {
        // Codecs are loaded when they are first needed.
        const { done, value } = await scheduler.real(pieces.next());
        if (done === true) return;
        yield value;
      }
    },
    close: async () => {},
  });
  const blobs = await openBlobs(process, parts.disk);
  if (blobs === undefined) return;
  await startWorker({ db, blobs, config: parts.config, clock, random, log, transcriber, openDesk });
}

export function startSpeechRole(process: SimProcess, { network }: RoleParts): void {
  network.listen("speech", { process, accept: () => (socket) => serveStream(process, socket) });
}
