/**
 * The live sockets of this process: takes upgrades of `/v4/listen` and `/v4/web/listen`, finds out who is there, runs a
 * session for each, and ends them in order. Refusals that a client must be able to read are made after the socket was
 * accepted (reference listen-and-pusher 2.1); what is wrong with the server is said before, as 503 with `Retry-After`.
 */
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { CLOSE, type Config, LISTEN, type ListenQuery, messageOf, parseListenQuery } from "@holdfast/contract";
import { type Circuits, type Clock, type Log, type Random, refuseSession, type SessionRefusal } from "@holdfast/core";
import { http } from "@holdfast/runtime";
import { type AdmitOutcome, type Db, speechLanguage, type TokenCheck } from "@holdfast/store";
import { parseEngines, spokenLanguage } from "@holdfast/stt-client";
import { type WebSocket, WebSocketServer } from "ws";
import { audioFormat, bearerToken, type Refusal, refusalOf, webAuthToken } from "./admission.ts";
import { createAudioWriter } from "./audio-writer.ts";
import { Inbox } from "./inbox.ts";
import { watchLoad } from "./load-watch.ts";
import { Lots } from "./lots.ts";
import type { PusherLinks } from "./pusher-links.ts";
import { LiveSession } from "./session.ts";
import { LEASE_MS } from "./session-parts.ts";
import { watchTokens } from "./token-watch.ts";

export interface ListenGateway {
  /** Takes a socket that asked for `/v4/listen` or `/v4/web/listen`. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Ends the live conversation if a session of this process holds it; undefined where none does. */
  endConversation(
    userId: string,
    conversationId: string,
    options: { trigger: "stop" | "finalize"; force: boolean },
  ): Promise<AdmitOutcome | undefined>;
  sessionCount(): number;
  /** Ends the sessions whose token no longer opens anything, now and not at the next look. */
  checkSessions(): Promise<void>;
  /** Takes nothing new, makes received audio durable, closes every socket with 1012, waits for the sessions to end. */
  drain(): Promise<void>;
  close(): Promise<void>;
}

export interface ListenGatewayDeps {
  readonly db: Db;
  readonly config: Config;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly authenticate: (token: string) => Promise<TokenCheck>;
  readonly links: PusherLinks;
}

export function createListenGateway(deps: ListenGatewayDeps): ListenGateway {
  const server = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: LISTEN.maxMessageBytes,
  });
  const circuits: Circuits = new Map();
  const writer = createAudioWriter({ db: deps.db, clock: deps.clock, leaseMs: LEASE_MS });
  const lots = new Lots(deps.clock);
  const sessions = new Map<LiveSession, Promise<void>>();
  const sockets = new Set<WebSocket>();
  let draining = false;

  const load = watchLoad({ db: deps.db, clock: deps.clock, folder: deps.config.HOLDFAST_DATA });
  const limits = {
    maxSessions: deps.config.HOLDFAST_MAX_SESSIONS,
    maxSessionsPerUser: deps.config.HOLDFAST_MAX_SESSIONS_PER_USER,
    minDiskFreeBytes: deps.config.HOLDFAST_MIN_FREE_MB * 1_048_576,
    maxLoopDelayMs: deps.config.HOLDFAST_MAX_LOOP_DELAY_MS,
  };
  const sessionsOf = (userId: string): number => {
    let count = 0;
    for (const session of sessions.keys()) if (session.userId === userId) count += 1;
    return count;
  };

  /** Why no session may begin now; `userId` undefined while nobody knows whose it would be. */
  const mayNotBegin = (userId?: string): SessionRefusal | undefined => {
    const sessionsOfUser = userId === undefined ? 0 : sessionsOf(userId);
    const refusal = refuseSession({ ...load.read(), draining, sessions: sessions.size, sessionsOfUser }, limits);
    if (refusal !== undefined) deps.log.warn({ event: "session_refused", code: refusal.code }, "live session refused");
    return refusal;
  };

  const tokens = watchTokens<LiveSession>(deps);

  const runSession = ({ socket, inbox, request }: Caller, { userId, tokenHash, query }: Identity): void => {
    const format = audioFormat(query);
    if ("reason" in format) {
      refuse(socket, format);
      return;
    }
    const session = new LiveSession({ ...deps, writer, circuits, lots }, socket, inbox, {
      userId,
      query,
      format,
      ...provenance(request),
    });
    tokens.watch(session, tokenHash);
    const run = session.run().finally(() => {
      tokens.unwatch(session);
      sessions.delete(session);
    });
    sessions.set(session, run);
  };

  const accept = (upgrade: Upgrade, then: (caller: Caller) => void): void => {
    const { request, query } = upgrade;
    server.handleUpgrade(request, upgrade.socket, upgrade.head, (socket) => {
      sockets.add(socket);
      socket.on("close", () => sockets.delete(socket));
      socket.on("error", (error) => deps.log.debug({ error: messageOf(error) }, "live socket error"));
      then({ socket, inbox: new Inbox(socket, lots), request, query });
    });
  };

  /** Who a token belongs to and what they ask for, or how to refuse the socket. */
  const identify = async (token: string, query: ListenQuery): Promise<Identity | Refusal> => {
    const check = await deps.authenticate(token);
    if (check.outcome !== "valid") return refusalOf(check) ?? invalidToken;
    return { ...check, query: query.namesLanguage ? query : await inOwnLanguage(check.userId, query) };
  };

  const inOwnLanguage = async (userId: string, query: ListenQuery): Promise<ListenQuery> => {
    const own = spokenLanguage(parseEngines(deps.config), "live", await speechLanguage(deps.db, userId));
    return own === undefined ? query : { ...query, language: own };
  };

  const handleListen = async (upgrade: Upgrade): Promise<void> => {
    const bearer = bearerToken(upgrade.request.headers.authorization);
    const who = "token" in bearer ? await identify(bearer.token, upgrade.query) : bearer;
    const refusal = "userId" in who ? mayNotBegin(who.userId) : undefined;
    if (refusal !== undefined) return refuseUpgrade(upgrade.socket, refusal);
    accept(upgrade, (caller) => {
      if ("userId" in who) runSession(caller, who);
      else refuse(caller.socket, who);
    });
  };

  const handleWeb = (upgrade: Upgrade): void => {
    accept(upgrade, (caller) => {
      const { socket, inbox } = caller;
      const late = deps.clock.after(LISTEN.webAuthTimeoutMs, () =>
        refuse(socket, { code: CLOSE.policy, reason: "Auth timeout" }),
      );
      socket.on("close", () => late.cancel());
      inbox.first((data, isBinary) => {
        late.cancel();
        const bearer = webAuthToken(data, isBinary);
        if ("token" in bearer) void authenticateWeb(caller, bearer.token);
        else refuse(socket, bearer);
      });
    });
  };

  const authenticateWeb = async (caller: Caller, token: string): Promise<void> => {
    const { socket } = caller;
    const who = await identify(token, caller.query).catch((error: unknown) => {
      deps.log.warn({ error: messageOf(error) }, "a token could not be checked");
      return unknownFailure;
    });
    const success = "userId" in who;
    const refusal = success ? mayNotBegin(who.userId) : undefined;
    // The upgrade is long done: the close code that says "come back later" is all that is left.
    if (refusal !== undefined) return refuse(socket, { code: CLOSE.tryAgainLater, reason: refusal.detail });
    socket.send(JSON.stringify({ type: "auth_response", success }), () => {});
    if (success) runSession(caller, who);
    else refuse(socket, who.code === CLOSE.policy ? invalidToken : who);
  };

  return {
    handleUpgrade(request, socket, head) {
      const url = new URL(request.url ?? "/", "http://gateway");
      const query = parseListenQuery(url.searchParams);
      const refusal = mayNotBegin();
      if (refusal !== undefined) return refuseUpgrade(socket, refusal);
      const upgrade = { request, socket, head, query };
      if (url.pathname.replace(/\/+$/, "") === "/v4/web/listen") return handleWeb(upgrade);
      handleListen(upgrade).catch((error: unknown) => {
        deps.log.warn({ error: messageOf(error) }, "an upgrade could not be served");
        refuseUpgrade(socket, UNSERVED);
      });
    },
    async endConversation(userId, conversationId, options) {
      for (const session of sessions.keys()) {
        if (session.userId === userId && session.holds(conversationId)) {
          return await session.endConversation(conversationId, options);
        }
      }
      return undefined;
    },
    sessionCount: () => sessions.size,
    checkSessions: () => tokens.check(),
    async drain() {
      draining = true;
      await Promise.allSettled([...sessions.keys()].map((session) => session.drain()));
      await Promise.allSettled(sessions.values());
    },
    async close() {
      draining = true;
      load.close();
      tokens.close();
      for (const socket of sockets) socket.terminate();
      await Promise.allSettled(sessions.values());
      server.close();
    },
  };
}

/** An HTTP request that wants to become a live socket. */
interface Upgrade {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
  readonly query: ListenQuery;
}

/** Whose token it was and which, and what they ask for, with the language that they speak. */
interface Identity {
  readonly userId: string;
  readonly tokenHash: string;
  readonly query: ListenQuery;
}

/** An accepted socket that nobody listens to yet. */
interface Caller {
  readonly socket: WebSocket;
  readonly inbox: Inbox;
  readonly request: IncomingMessage;
  readonly query: ListenQuery;
}

const invalidToken: Refusal = { code: CLOSE.policy, reason: "Invalid token" };

/** The token could not be checked now: not a verdict, so not a policy code; the client may come back. */
const unknownFailure: Refusal = { code: CLOSE.internal, reason: "Auth error" };

function refuse(socket: WebSocket, refusal: Refusal): void {
  socket.resume();
  socket.close(refusal.code, refusal.reason);
}

/** The token could not be checked, which needs the database. */
const UNSERVED: SessionRefusal = {
  status: 503,
  code: "database_unavailable",
  detail: "The database cannot be reached",
  retryAfterSeconds: 2,
};

function refuseUpgrade(socket: Duplex, refusal: SessionRefusal): void {
  const { status, code, detail, retryAfterSeconds } = refusal;
  const body = JSON.stringify({ detail, code });
  const lines = [
    `HTTP/1.1 ${status} ${http.STATUS_CODES[status] ?? ""}`,
    `Retry-After: ${retryAfterSeconds}`,
    "Content-Type: application/json",
    `Content-Length: ${Buffer.byteLength(body)}`,
    "Connection: close",
  ];
  socket.on("error", () => socket.destroy());
  socket.end(`${lines.join("\r\n")}\r\n\r\n${body}`);
}

/** Which device records: known only where both headers are there (reference offline-sync 3.1). */
function provenance(request: IncomingMessage): { clientDeviceId: string | null; clientPlatform: string | null } {
  const platform = headerOf(request, "x-app-platform");
  const device = headerOf(request, "x-device-id-hash");
  const known = platform !== null && device !== null && device !== "default";
  return { clientPlatform: platform, clientDeviceId: known ? `${platform}_${device}`.toLowerCase() : null };
}

function headerOf(request: IncomingMessage, name: string): string | null {
  const value = request.headers[name];
  return typeof value === "string" && value !== "" ? value.slice(0, 100) : null;
}
