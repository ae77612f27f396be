/**
 * HTTP over the simulated network: one connection a request, whose body arrives in pieces like any frames, so that every fault
 * of a connection may fall into the middle of a request or lose its answer. On the server's side the real web application takes
 * the request, with its parsing of bodies that are still arriving.
 */
import { Readable } from "node:stream";
import type { SimNetwork, SimProcess, SimSocket } from "@holdfast/testkit/simulator";

type Method = "GET" | "HEAD" | "POST" | "PATCH";

export interface HttpRequest {
  readonly method: Method;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Readonly<Record<string, unknown>>;
}

/** What one packet of a body carries at most. */
const PIECE_BYTES = 49_152;
/** A client waits for its answer so long. */
const TIMEOUT_MS = 30_000;
/** A server ends a connection on which nothing moves for so long, as ours does. */
const IDLE_MS = 120_000;

/**
 * Undefined where no answer came; nobody knows then what became of the request. `breakOff`: the client goes away after so many
 * bytes of the body.
 */
export function ask(
  process: SimProcess,
  network: SimNetwork,
  request: HttpRequest,
  body?: Uint8Array,
  breakOff?: number,
): Promise<HttpAnswer | undefined> {
  const { promise, resolve } = Promise.withResolvers<HttpAnswer | undefined>();
  const socket = network.connect(process, "http://uploads/");
  const timeout = process.after(TIMEOUT_MS, "answer timeout", () => socket.terminate());
  socket.on("open", () => {
    socket.send(JSON.stringify(request));
    const sent = body?.subarray(0, breakOff);
    for (let at = 0; at < (sent?.length ?? 0); at += PIECE_BYTES) {
      socket.send(sent?.subarray(at, at + PIECE_BYTES) ?? "");
    }
    if (breakOff === undefined) socket.send("");
    else socket.terminate();
  });
  socket.on("message", (data: Buffer) => {
    resolve(JSON.parse(data.toString()));
    socket.close(1000);
  });
  socket.on("error", () => {});
  socket.on("close", () => {
    timeout.cancel();
    resolve(undefined);
  });
  return promise;
}

/** The web application, as far as it is needed here. */
export interface WebApp {
  inject(request: {
    readonly method: Method;
    readonly url: string;
    readonly headers: Record<string, string>;
    readonly payload: Readable;
  }): Promise<{ readonly statusCode: number; readonly headers: object; readonly payload: string }>;
}

export interface Served {
  readonly request: HttpRequest;
  readonly answer: HttpAnswer;
  /** Uploads that this process still works on. */
  readonly inWork: number;
}

export interface WebServer {
  readonly process: SimProcess;
  readonly network: SimNetwork;
  /** Made for the first request. */
  readonly makeApp: () => Promise<WebApp>;
  readonly onAnswer: (served: Served) => void;
  /** One more body is on its way, or one less. */
  readonly onReceiving: (change: 1 | -1) => void;
  /** The planted fault: what is answered before anything is done. */
  readonly early?: (request: HttpRequest) => HttpAnswer | undefined;
  /** Another one: what the headers of a request are taken for. */
  readonly read?: (headers: HttpRequest["headers"]) => HttpRequest["headers"];
  /** Another one: what is answered instead. */
  readonly instead?: (answer: HttpAnswer) => HttpAnswer;
}

export function serveHttp({ process, network, makeApp, onAnswer, onReceiving, early, read, instead }: WebServer): void {
  let app: Promise<WebApp> | undefined;
  let inWork = 0;

  const handle = async (socket: SimSocket, request: HttpRequest, payload: Readable): Promise<void> => {
    const uploads = request.method === "GET" ? 0 : 1;
    const streamed = process.scheduler.streaming();
    process.onDeath(streamed);
    inWork += uploads;
    try {
      app ??= process.scheduler.real(makeApp());
      const { method, path, headers } = request;
      const reply = await (await app).inject({
        method,
        url: path,
        headers: { ...(read?.(headers) ?? headers) },
        payload,
      });
      inWork -= uploads;
      const made = answerOf(reply);
      const answer = instead?.(made) ?? made;
      onAnswer({ request, answer, inWork });
      if (socket.readyState === socket.OPEN) socket.send(JSON.stringify(answer));
    } catch (error) {
      // A client that went away in the middle; whether its bytes are gone is looked at in the end.
      if (!payload.destroyed) throw error;
    } finally {
      streamed();
    }
  };

  network.listen("uploads", {
    process,
    accept: () => (socket) => {
      const body = new Readable({ read() {} });
      // Where nobody reads it yet.
      body.on("error", () => {});
      let request: HttpRequest | undefined;
      let isWhole = false;
      onReceiving(1);
      const over = (): void => {
        idle.cancel();
        if (isWhole) return;
        isWhole = true;
        onReceiving(-1);
        body.destroy(Object.assign(new Error("aborted"), { code: "ECONNRESET" }));
      };
      let idle = process.after(IDLE_MS, "idle", over);
      socket.on("message", (data: Buffer, isBinary: boolean) => {
        idle.cancel();
        if (isWhole) return;
        idle = process.after(IDLE_MS, "idle", over);
        if (isBinary) {
          body.push(data);
        } else if (request === undefined) {
          request = JSON.parse(data.toString()) as HttpRequest;
          const at = early?.(request);
          if (at !== undefined) socket.send(JSON.stringify(at));
          void handle(socket, request, body);
        } else {
          idle.cancel();
          isWhole = true;
          onReceiving(-1);
          body.push(null);
        }
      });
      socket.on("close", over);
    },
  });
}

function answerOf(reply: {
  readonly statusCode: number;
  readonly headers: object;
  readonly payload: string;
}): HttpAnswer {
  const headers = Object.fromEntries(Object.entries(reply.headers).map(([name, value]) => [name, String(value)]));
  return { status: reply.statusCode, headers, body: reply.payload === "" ? {} : JSON.parse(reply.payload) };
}

/** A multipart body of files, and of fields behind them. */
export function multipart(
  field: string,
  files: readonly { readonly name: string; readonly bytes: Uint8Array }[],
  fields: Readonly<Record<string, string>> = {},
): { readonly type: string; readonly body: Uint8Array } {
  const boundary = "simulated-boundary";
  const parts = files.flatMap(({ name, bytes }) => [
    Buffer.from(
      `--${boundary}\r\ncontent-disposition: form-data; name="${field}"; filename="${name}"\r\n` +
        "content-type: application/octet-stream\r\n\r\n",
    ),
    bytes,
    Buffer.from("\r\n"),
  ]);
  const said = Object.entries(fields).map(([name, value]) =>
    Buffer.from(`--${boundary}\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`),
  );
  const body = Buffer.concat([...parts, ...said, Buffer.from(`--${boundary}--\r\n`)]);
  return { type: `multipart/form-data; boundary=${boundary}`, body };
}
