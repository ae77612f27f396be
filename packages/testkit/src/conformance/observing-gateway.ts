/** The live routes on real sockets, which make durable, acknowledge and break off when a rule says so, and nothing by themselves. */
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";
import { LiveScript } from "../gateway/live-script.ts";

export interface ObservingGatewayOptions {
  /** It acknowledges nothing, as a server of Omi. */
  readonly silent?: boolean;
}

export class ObservingGateway implements AsyncDisposable {
  readonly live: LiveScript;
  url = "";
  readonly #server = createServer((request, response) => {
    request.resume();
    response.writeHead(404, { "content-type": "application/json" }).end('{"detail":"Not Found"}');
  });
  readonly #sockets = new WebSocketServer({ noServer: true });

  private constructor({ silent = false }: ObservingGatewayOptions) {
    this.live = new LiveScript({ silent });
  }

  static async start(options: ObservingGatewayOptions = {}): Promise<ObservingGateway> {
    const gateway = new ObservingGateway(options);
    const server = gateway.#server;
    server.on("upgrade", (request, socket, head) => {
      gateway.#sockets.handleUpgrade(request, socket, head, (ws) => gateway.#admit(ws, request));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    gateway.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    return gateway;
  }

  /** Messages that came, repeats left out, durable or not, of all recording sessions. */
  get messages(): number {
    const { ledger, open } = this.live;
    const durable = [...ledger.durable.values()].reduce((sum, messages) => sum + messages.length, 0);
    return durable + open.reduce((sum, { audio }) => sum + audio.received.length, 0);
  }

  /** First messages that the connections named, in order. */
  get firsts(): number[] {
    return this.live.connections.map(({ query }) => Number(query.get("first_sequence") ?? Number.NaN));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets.clients) socket.terminate();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #admit(ws: WebSocket, request: IncomingMessage): void {
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://localhost");
    if (pathname !== "/v4/web/listen") {
      this.#serve(ws, searchParams);
      return;
    }
    ws.once("message", () => {
      ws.send(JSON.stringify({ type: "auth_response", success: true }));
      this.#serve(ws, searchParams);
    });
  }

  #serve(ws: WebSocket, query: URLSearchParams): void {
    const connection = this.live.connect(query, {
      text: (message) => ws.send(message),
      close: (code, reason) => ws.close(code, reason),
    });
    ws.on("message", (data, isBinary) => {
      if (isBinary) this.live.hear(connection, new Uint8Array(data as Buffer));
    });
    ws.on("close", () => this.live.gone(connection));
    this.live.greet(connection);
  }
}
