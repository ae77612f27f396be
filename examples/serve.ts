/**
 * Serves the example page and a Holdfast from one origin, which a browser wants: files of the page, the built package below
 * `/holdfast-client/`, and everything that begins with `/v` passed on, sockets included.
 *
 *     npm run build --workspace packages/client
 *     HOLDFAST_URL=http://localhost:8787 node examples/serve.ts
 */
import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from "node:http";
import { connect } from "node:net";
import { extname, join, normalize } from "node:path";
import type { Duplex } from "node:stream";
import { fileURLToPath } from "node:url";

const TYPES: Readonly<Record<string, string>> = { ".html": "text/html", ".js": "text/javascript" };
const PAGE = fileURLToPath(new URL("page", import.meta.url));
const API = /^\/v\d\//;

export interface ServeOptions {
  /** Base URL of the server behind. */
  readonly holdfast: string;
  /** Folder of the built package. */
  readonly client: string;
}

export function exampleServer({ holdfast, client }: ServeOptions): Server {
  const { hostname, port } = new URL(holdfast);
  const behind = { host: hostname, port: Number(port === "" ? 80 : port) };
  const server = createServer((incoming, answer) => {
    const { pathname } = new URL(incoming.url ?? "/", "http://localhost");
    if (API.test(pathname)) return pass(incoming, answer, behind);
    const [, inClient] = /^\/holdfast-client(\/.*)$/.exec(pathname) ?? [];
    const name = normalize(inClient ?? (pathname === "/" ? "/index.html" : pathname));
    const path = join(inClient === undefined ? PAGE : client, name);
    readFile(path).then(
      (bytes) => answer.setHeader("content-type", TYPES[extname(path)] ?? "text/plain").end(bytes),
      () => answer.writeHead(404).end(),
    );
  });
  server.on("upgrade", (incoming, socket, head) => tunnel(incoming, socket, head, behind));
  return server;
}

interface Behind {
  readonly host: string;
  readonly port: number;
}

function pass(incoming: IncomingMessage, answer: ServerResponse, behind: Behind): void {
  const { method, url, headers } = incoming;
  const onward = request({ ...behind, method, path: url, headers }, (said) => {
    answer.writeHead(said.statusCode ?? 502, said.headers);
    said.pipe(answer);
  });
  onward.on("error", () => (answer.headersSent ? answer.destroy() : answer.writeHead(502).end()));
  incoming.pipe(onward);
}

function tunnel(incoming: IncomingMessage, socket: Duplex, head: Buffer, behind: Behind): void {
  const onward = connect(behind, () => {
    const lines = [`${incoming.method} ${incoming.url} HTTP/1.1`];
    for (let i = 0; i < incoming.rawHeaders.length; i += 2) {
      lines.push(`${incoming.rawHeaders[i]}: ${incoming.rawHeaders[i + 1]}`);
    }
    onward.write(`${lines.join("\r\n")}\r\n\r\n`);
    onward.write(head);
    onward.pipe(socket).pipe(onward);
  });
  onward.on("error", () => socket.destroy());
  socket.on("error", () => onward.destroy());
  socket.on("close", () => onward.destroy());
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const port = Number(process.env.PORT ?? 8080);
  const holdfast = process.env.HOLDFAST_URL ?? "http://localhost:8787";
  const client = fileURLToPath(new URL("../packages/client/dist", import.meta.url));
  exampleServer({ holdfast, client }).listen(port, "127.0.0.1", () => {
    process.stdout.write(`http://localhost:${port}/ before ${holdfast}\n`);
  });
}
