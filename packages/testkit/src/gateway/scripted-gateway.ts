/**
 * A gateway that follows a script, on real sockets: the live route, the upload routes and the conversation routes, just
 * enough of each that a client runs its whole course against it, and with faults that a test can order: sockets dropped
 * after so many messages, requests refused with a status, jobs that fail. It transcribes nothing; it says `words`, one for
 * each share of the messages it got.
 */
import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import { type LiveConnection, LiveScript } from "./live-script.ts";
import { answerRest, type RestState } from "./rest.ts";

export interface ScriptedGatewayOptions {
  readonly token?: string;
  /** What everybody says in every recording. */
  readonly words?: string;
  /** One more word is said after so many messages. */
  readonly messagesPerWord?: number;
  /** Closes the socket with 1011 after so many messages, each number once, before they are acknowledged. */
  readonly dropAfterMessages?: readonly number[];
  /** How the next upload's job ends. Default `completed`. */
  readonly jobOutcome?: "completed" | "partial_failure" | "failed";
  /** Questions about a job that are answered with `processing` first. */
  readonly pollsBeforeDone?: number;
}

export interface Refusal {
  readonly method: string;
  readonly path: RegExp;
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: object;
  /** How many requests are refused. */
  times: number;
}

export interface ScriptedGateway extends AsyncDisposable {
  readonly url: string;
  readonly token: string;
  readonly live: LiveScript;
  readonly rest: RestState;
  /** Requests that match are refused, so many times. */
  refuse(refusal: Refusal): void;
  /** Ends all live sockets, as a process that is killed does. */
  cutSockets(): void;
  /** Dies: nobody answers at its address, and what was not durable is gone. */
  goAway(): Promise<void>;
  /** Begins anew at the same address with what was durable. */
  comeBack(): Promise<void>;
}

export async function startScriptedGateway(options: ScriptedGatewayOptions = {}): Promise<ScriptedGateway> {
  const token = options.token ?? "test-token";
  const drops = [...(options.dropAfterMessages ?? [])].sort((a, b) => a - b);
  const refusals: Refusal[] = [];
  const rest: RestState = {
    conversations: new Map(),
    jobs: new Map(),
    uploads: [],
    requests: [],
    requestedAtMs: [],
    fairUseStage: "none",
    words: options.words ?? "",
    jobOutcome: options.jobOutcome ?? "completed",
    pollsBeforeDone: options.pollsBeforeDone ?? 1,
  };
  const live = new LiveScript({ onMessage: (connection) => followScript(connection) });

  const followScript = (connection: LiveConnection): void => {
    const received = connection.audio.next;
    const drop = drops[0];
    if (drop !== undefined && received >= drop) {
      drops.shift();
      live.drop(connection);
      return;
    }
    live.acknowledge(connection);
    const words = rest.words.split(" ").filter((word) => word !== "");
    const spoken = words.slice(0, Math.floor(received / (options.messagesPerWord ?? 5)));
    if (spoken.length > 0)
      connection.peer.text(JSON.stringify([segment(connection.audio.recordingId, spoken.join(" "))]));
  };

  const server = createServer((request, response) => {
    rest.requests.push(`${request.method} ${(request.url ?? "/").split("?")[0]}`);
    rest.requestedAtMs.push(Date.now());
    const refusal = takeRefusal(refusals, request);
    if (refusal !== undefined) return refuseRequest(response, refusal);
    void answerRest(rest, token, request, response);
  });
  const sockets = new WebSocketServer({ noServer: true });
  server.on("upgrade", (request, socket, head) => {
    upgrade(request, socket, head, { sockets, live, token, refusals, rest });
  });
  await listen(server, 0);
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    token,
    live,
    rest,
    refuse: (refusal) => refusals.push(refusal),
    cutSockets: () => {
      for (const socket of sockets.clients) socket.terminate();
    },
    goAway: () => stop(server, sockets),
    comeBack: () => listen(server, port),
    [Symbol.asyncDispose]: () => stop(server, sockets),
  };
}

interface UpgradeContext {
  readonly sockets: WebSocketServer;
  readonly live: LiveScript;
  readonly token: string;
  readonly refusals: Refusal[];
  readonly rest: RestState;
}

function upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, context: UpgradeContext): void {
  const refusal = takeRefusal(context.refusals, request);
  if (refusal !== undefined) {
    const extra = Object.entries(refusal.headers ?? {}).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.end(`HTTP/1.1 ${refusal.status} Refused\r\n${extra.join("")}Connection: close\r\nContent-Length: 0\r\n\r\n`);
    return;
  }
  const url = new URL(request.url ?? "/", "http://localhost");
  context.sockets.handleUpgrade(request, socket, head, (ws) => {
    if (url.pathname === "/v4/web/listen") return admitByMessage(ws, url, context);
    if (request.headers.authorization?.split(" ")[1] !== context.token)
      return ws.close(1008, "Invalid authorization token");
    serve(ws, url, context);
  });
}

function admitByMessage(ws: WebSocket, url: URL, context: UpgradeContext): void {
  ws.once("message", (data) => {
    const body: unknown = JSON.parse(String(data));
    const success = typeof body === "object" && body !== null && "token" in body && body.token === context.token;
    ws.send(JSON.stringify({ type: "auth_response", success }));
    if (success) serve(ws, url, context);
    else ws.close(1008, "Invalid token");
  });
}

function serve(ws: WebSocket, url: URL, { live, rest }: UpgradeContext): void {
  const connection = live.connect(url.searchParams, {
    text: (message) => ws.send(message),
    close: (code, reason) => ws.close(code, reason),
  });
  rest.conversations.set(connection.audio.recordingId, { status: "in_progress", polls: 0 });
  ws.on("message", (data, isBinary) => {
    if (isBinary) live.hear(connection, new Uint8Array(data as Buffer));
  });
  ws.on("close", () => live.gone(connection));
  live.greet(connection);
}

function takeRefusal(refusals: readonly Refusal[], request: IncomingMessage): Refusal | undefined {
  const path = (request.url ?? "/").split("?")[0] ?? "/";
  const found = refusals.find((one) => one.times > 0 && one.method === request.method && one.path.test(path));
  if (found !== undefined) found.times -= 1;
  return found;
}

function refuseRequest(response: ServerResponse, refusal: Refusal): void {
  response.writeHead(refusal.status, { "content-type": "application/json", ...refusal.headers });
  response.end(JSON.stringify(refusal.body ?? { detail: "refused by the script" }));
}

function segment(id: string, text: string): object {
  return { id: `${id}-1`, text, speaker: "SPEAKER_00", speaker_id: 0, is_user: false, start: 0, end: 1 };
}

async function listen(server: Server, port: number): Promise<void> {
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
}

async function stop(server: Server, sockets: WebSocketServer): Promise<void> {
  for (const socket of sockets.clients) socket.terminate();
  server.closeAllConnections();
  await new Promise<void>((resolve) => server.close(() => resolve()));
}

/** A fresh UUID, for recordings of tests. */
export const newRecordingId = (): string => randomUUID();
