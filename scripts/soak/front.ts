/**
 * What stands between the client and the gateway: it hands everything on, tells to wait in the server's name now and then, cuts
 * connections, keeps live ones out, and remembers every request that came in a pause.
 */
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";

export interface Limit {
  readonly status: 429 | 503;
  readonly reason: string | null;
  readonly seconds: number;
}

interface Pause {
  readonly untilMs: number;
  readonly isFairUse: boolean;
}

const FAIR_USE_STATUS = "/v1/fair-use/status";

export class Front implements AsyncDisposable {
  /** Requests that came while the account had to pause. */
  readonly early: string[] = [];
  requests = 0;
  uploads = 0;
  limits = 0;
  cuts = 0;
  /** Live connections are refused. */
  isLiveAway = false;
  url = "";
  readonly #port: number;
  readonly #sockets = new Set<Socket>();
  readonly #server = createServer((incoming, outgoing) => this.#serve(incoming, outgoing));
  #next: Limit | undefined;
  #pause: Pause | undefined;

  private constructor(port: number) {
    this.#port = port;
  }

  static async start(port: number): Promise<Front> {
    const front = new Front(port);
    front.#server.on("upgrade", (incoming: IncomingMessage, socket: Socket, head: Buffer) =>
      front.#upgrade(incoming, socket, head),
    );
    front.#server.on("connection", (socket: Socket) => {
      front.#sockets.add(socket);
      socket.on("close", () => front.#sockets.delete(socket));
    });
    await new Promise<void>((resolve) => front.#server.listen(0, "127.0.0.1", resolve));
    front.url = `http://127.0.0.1:${(front.#server.address() as AddressInfo).port}`;
    return front;
  }

  /** The next upload is told to wait. */
  limitNext(limit: Limit): void {
    this.#next = limit;
  }

  cut(): void {
    this.cuts += 1;
    for (const socket of this.#sockets) socket.destroy();
  }

  /** The client is another program now: what it was told about a busy server is forgotten, a limit where it wrote it down not. */
  restarted(hasWrittenLimit: boolean): void {
    if (this.#pause?.isFairUse !== true || !hasWrittenLimit) this.#pause = undefined;
  }

  /** Nothing is limited or kept out any more. */
  heal(): void {
    this.#next = undefined;
    this.isLiveAway = false;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  get #isPaused(): boolean {
    return this.#pause !== undefined && Date.now() < this.#pause.untilMs;
  }

  #serve(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const { pathname } = new URL(incoming.url ?? "/", "http://front");
    const isUpload = incoming.method === "POST" && /^\/v2\/(sync-local-files|uploads)$/.test(pathname);
    this.requests += 1;
    if (isUpload) this.uploads += 1;
    if (pathname === FAIR_USE_STATUS && this.#pause?.isFairUse === true) {
      incoming.resume();
      outgoing.end(JSON.stringify({ stage: this.#isPaused ? "restrict" : "none" }));
      return;
    }
    if (this.#isPaused && pathname !== FAIR_USE_STATUS) this.early.push(`${incoming.method} ${pathname}`);
    const limit = this.#next;
    if (!isUpload || limit === undefined) {
      this.#handOn(incoming, outgoing);
      return;
    }
    this.#next = undefined;
    incoming.resume().on("end", () => this.#refuse(limit, outgoing));
  }

  #refuse({ status, reason, seconds }: Limit, outgoing: ServerResponse): void {
    this.limits += 1;
    this.#pause = { untilMs: Date.now() + seconds * 1_000, isFairUse: reason === "fair_use" };
    const why = reason === null ? {} : { "x-omi-rate-limit-reason": reason };
    outgoing.writeHead(status, { "content-type": "application/json", "retry-after": String(seconds), ...why });
    outgoing.end(JSON.stringify({ detail: "wait" }));
  }

  #handOn(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const { method, url, headers } = incoming;
    const target = { host: "127.0.0.1", port: this.#port, method, path: url, headers, agent: false };
    const far = request(target, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    far.on("error", () => outgoing.destroy());
    outgoing.on("close", () => far.destroy());
    incoming.pipe(far);
  }

  #upgrade(incoming: IncomingMessage, near: Socket, head: Buffer): void {
    near.on("error", () => {});
    if (this.isLiveAway) {
      near.destroy();
      return;
    }
    const far = connect(this.#port, "127.0.0.1");
    far.on("error", () => {});
    far.on("close", () => near.destroy());
    near.on("close", () => far.destroy());
    const lines: string[] = [`${incoming.method} ${incoming.url} HTTP/1.1`];
    for (let at = 0; at < incoming.rawHeaders.length; at += 2)
      lines.push(`${incoming.rawHeaders[at]}: ${incoming.rawHeaders[at + 1]}`);
    far.write(`${lines.join("\r\n")}\r\n\r\n`);
    far.write(head);
    near.pipe(far).pipe(near);
  }
}
