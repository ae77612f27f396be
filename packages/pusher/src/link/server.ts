/**
 * The pusher's one port: links of gateways at `/v1/trigger/listen`, `GET /health`, and for gateways a try of the language model.
 * Plain `http` and `ws`, so that an idle pusher stays small. A link is refused before the upgrade; a full or draining pusher
 * answers 503.
 */
import type { IncomingMessage, Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { CLOSE, LANGUAGE_MODEL_TEST, type LanguageModelTest, PUSHER } from "@holdfast/contract";
import { sleep } from "@holdfast/core";
import { http } from "@holdfast/runtime";
import { WebSocketServer } from "ws";
import { admit, mayAsk } from "./admission.ts";
import { closeLink, type LinkDeps, serveLink } from "./connection.ts";

const LINKS = { max: 4_096, maxFrameBytes: PUSHER.maxFrameBytes, closeGraceMs: 2_000 } as const;

export interface LinkServerOptions extends LinkDeps {
  readonly port: number;
  readonly host: string;
  readonly token: string | undefined;
  /** What `GET /health` answers. */
  readonly health: () => Promise<{ readonly ok: boolean; readonly body: object }>;
  /** What `POST /v1/language-model/test` answers; only for whoever may open a link. */
  readonly tryLanguageModel: () => Promise<LanguageModelTest>;
}

export interface LinkServer {
  readonly port: number;
  links(): number;
  /** Refuses new links. The open ones stay. Idempotent. */
  refuse(): void;
  /** Ends every link with 1001, gives consumers a moment for what they have not taken, and frees the port. Idempotent. */
  close(): Promise<void>;
}

export async function startLinkServer(options: LinkServerOptions): Promise<LinkServer> {
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: LINKS.maxFrameBytes,
    perMessageDeflate: false,
    clientTracking: true,
  });
  let refusing = false;
  let opened = 0;
  const ends = new Set<Promise<void>>();

  const server = http.createServer((request, response) => {
    void respond(options, request).then(({ status, body }) => {
      response.writeHead(status, { "content-type": "application/json", "cache-control": "no-store" });
      response.end(JSON.stringify(body));
    });
  });
  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on("error", () => {});
    const admission = admit(request.url, request.headers.authorization, options.token);
    const full = refusing || sockets.clients.size >= LINKS.max;
    if (!admission.admitted || full) {
      const refusal = admission.admitted ? { status: 503, reason: "full or draining" } : admission;
      options.onEvent({ type: "link_refused", status: refusal.status, reason: refusal.reason });
      socket.end(
        `HTTP/1.1 ${refusal.status} ${http.STATUS_CODES[refusal.status] ?? ""}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`,
      );
      return;
    }
    sockets.handleUpgrade(request, socket, head, (link) => {
      opened += 1;
      const { admitted: _, ...identity } = admission;
      const end = serveLink(link, { link: opened, ...identity }, options);
      ends.add(end);
      void end.then(() => ends.delete(end));
    });
  });
  await listen(server, options.port, options.host);

  let closed: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    refusing = true;
    for (const link of sockets.clients) closeLink(link, CLOSE.goingAway, "the pusher is ending");
    const stuck = options.clock.after(LINKS.closeGraceMs, () => {
      for (const link of sockets.clients) link.terminate();
      server.closeAllConnections();
    });
    server.closeIdleConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
    stuck.cancel();
    const waited = new AbortController();
    await Promise.race([Promise.all(ends), sleep(options.clock, LINKS.closeGraceMs, waited.signal)]);
    waited.abort();
  };
  return {
    port: (server.address() as AddressInfo).port,
    links: () => sockets.clients.size,
    refuse: () => {
      refusing = true;
    },
    close: () => (closed ??= close()),
  };
}

async function respond(
  options: LinkServerOptions,
  request: IncomingMessage,
): Promise<{ status: number; body: object }> {
  const path = (request.url ?? "").split("?")[0];
  if (path === LANGUAGE_MODEL_TEST.path) return await respondWithTry(options, request);
  if (path !== "/health") return { status: 404, body: { status: "not_found" } };
  if (request.method !== "GET" && request.method !== "HEAD")
    return { status: 405, body: { status: "method_not_allowed" } };
  const { ok, body } = await options.health();
  return { status: ok ? 200 : 503, body };
}

async function respondWithTry(
  options: LinkServerOptions,
  request: IncomingMessage,
): Promise<{ status: number; body: object }> {
  if (!mayAsk(request.headers.authorization, options.token)) return { status: 401, body: { status: "unauthorized" } };
  if (request.method !== "POST") return { status: 405, body: { status: "method_not_allowed" } };
  return await options.tryLanguageModel().then(
    (body) => ({ status: 200, body }),
    () => ({ status: 503, body: { status: "database_unreachable" } }),
  );
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port, host }, () => {
      server.off("error", reject);
      resolve();
    });
  });
}
