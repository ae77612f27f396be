/**
 * A server of Deepgram's streaming shape that says what a test tells it to. By itself it closes a stretch of `finalSeconds` of
 * audio with the next of `transcripts` (then with silence), answers `Finalize` and `CloseStream` as Deepgram does, and
 * answers pings. A test may refuse handshakes, send any frame, close with any code, or fall silent.
 */
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { messageMs } from "@holdfast/contract";
import { type WebSocket, WebSocketServer } from "ws";

export interface ScriptedDeepgramOptions {
  /** Said one after the other, over all connections. */
  readonly transcripts?: readonly string[];
  /** Audio after which a stretch is closed; 0 leaves everything to the test. */
  readonly finalSeconds?: number;
}

export interface DeepgramConnection {
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly audio: readonly Uint8Array[];
  /** Types of the text frames received, in order. */
  readonly controls: readonly string[];
  readonly seconds: number;
  readonly closed: boolean;
  /** An object is sent as JSON; a string or bytes as they are. */
  send(frame: object | string | Uint8Array): void;
  results(fields: { start: number; duration: number; transcript: string; final?: boolean; finalize?: boolean }): void;
  close(code: number, reason?: string): void;
  /** Stops reading, and so answering pings, as a hung server does. */
  hang(): void;
  /** Cuts the connection without a close frame. */
  cut(): void;
}

export interface ScriptedDeepgram {
  /** `ws://127.0.0.1:port`, to be written after `deepgram+` in HOLDFAST_STT. */
  readonly url: string;
  readonly connections: readonly DeepgramConnection[];
  /** Handshakes are refused with this status until it is undefined again. */
  refuse: { status: number; retryAfter?: string } | undefined;
  close(): Promise<void>;
}

export async function startScriptedDeepgram(options: ScriptedDeepgramOptions = {}): Promise<ScriptedDeepgram> {
  const http = createServer((_request, response) => response.writeHead(404).end());
  const sockets = new WebSocketServer({ noServer: true });
  const connections: DeepgramConnection[] = [];
  const transcripts = [...(options.transcripts ?? [])];
  const script = { finalSeconds: options.finalSeconds ?? 2, next: () => transcripts.shift() ?? "" };
  const server = { refuse: undefined as ScriptedDeepgram["refuse"] };

  http.on("upgrade", (request, socket, head) => {
    if (server.refuse !== undefined) {
      const { status, retryAfter } = server.refuse;
      const wait = retryAfter === undefined ? "" : `retry-after: ${retryAfter}\r\n`;
      socket.end(`HTTP/1.1 ${status} Refused\r\n${wait}connection: close\r\ncontent-length: 0\r\n\r\n`);
      return;
    }
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      const query = new URL(request.url ?? "/", "http://scripted").searchParams;
      connections.push(serve(webSocket, query, request.headers, script));
    });
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const { port } = http.address() as AddressInfo;
  return Object.assign(server, {
    url: `ws://127.0.0.1:${port}`,
    connections,
    async close(): Promise<void> {
      for (const client of sockets.clients) client.terminate();
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  });
}

function serve(
  socket: WebSocket,
  query: URLSearchParams,
  headers: IncomingHttpHeaders,
  script: { readonly finalSeconds: number; next(): string },
): DeepgramConnection {
  const audio: Uint8Array[] = [];
  const controls: string[] = [];
  const codec = query.get("encoding") === "opus" ? "opus_fs320" : "pcm16";
  const rate = Number(query.get("sample_rate"));
  let seconds = 0;
  let closedTo = 0;
  const connection: DeepgramConnection = {
    query,
    headers,
    audio,
    controls,
    get seconds() {
      return seconds;
    },
    get closed() {
      return socket.readyState >= socket.CLOSING;
    },
    send: (frame) =>
      socket.send(typeof frame === "string" || frame instanceof Uint8Array ? frame : JSON.stringify(frame)),
    results({ start, duration, transcript, final = true, finalize = false }) {
      const words = { channel: { alternatives: [{ transcript, confidence: 0.98, words: [] }] } };
      const flags = { is_final: final, speech_final: final && transcript !== "", from_finalize: finalize };
      connection.send({ type: "Results", channel_index: [0, 1], start, duration, ...flags, ...words });
    },
    close: (code, reason) => socket.close(code, reason),
    hang: () => socket.pause(),
    cut: () => socket.terminate(),
  };
  const closeStretch = (to: number, finalize: boolean): void => {
    connection.results({ start: closedTo, duration: to - closedTo, transcript: script.next(), finalize });
    closedTo = to;
  };
  socket.on("message", (data: Buffer, isBinary: boolean) => {
    if (isBinary) {
      audio.push(new Uint8Array(data));
      seconds += messageMs(codec, rate, data) / 1000;
      if (script.finalSeconds > 0 && seconds - closedTo >= script.finalSeconds) closeStretch(seconds, false);
      return;
    }
    const { type }: { type: string } = JSON.parse(data.toString());
    controls.push(type);
    if (script.finalSeconds === 0) return;
    if (type === "Finalize") closeStretch(seconds, true);
    if (type === "CloseStream") {
      if (seconds > closedTo) closeStretch(seconds, false);
      connection.send({ type: "Metadata", duration: seconds, channels: 1 });
      socket.close(1000);
    }
  });
  return connection;
}
