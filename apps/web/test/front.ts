/**
 * Stands between a browser and a Holdfast, as a proxy in front of one does: it counts what is asked for, can go away, and can show
 * the page as if another build of it had been put there. A later build differs in its first script and in its service worker.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

const ENTRY = /index-[\w-]{8}\.js/u;
const BUILD_NAME = /"name":"[0-9a-f]{16}"/u;
/** Told anew by the server that passes the answer on. */
const OF_THE_CONNECTION = ["connection", "content-encoding", "content-length", "keep-alive", "transfer-encoding"];

export class Front implements AsyncDisposable {
  /** Path of each request so far. */
  readonly asked: string[] = [];
  /** Nothing answers: connections are cut. */
  isAway = false;
  /** Another service worker. */
  worker: string | null = null;
  /** Another first script, by its name. */
  entry: string | null = null;
  readonly #server: Server;
  readonly #behind: string;

  private constructor(behind: string) {
    this.#behind = behind;
    this.#server = createServer((request, response) => void this.#pass(request, response));
  }

  static async open(behind: string): Promise<Front> {
    const front = new Front(behind);
    await new Promise<void>((resolve) => front.#server.listen(0, "127.0.0.1", resolve));
    return front;
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async #pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "GET", url = "/", headers } = request;
    if (this.isAway) return void request.socket.destroy();
    this.asked.push(url);
    try {
      const wanted = this.entry === null ? url : url.replace(this.entry, await this.#builtEntry());
      const { accept = "*/*", authorization = "" } = headers;
      const answer = await fetch(this.#behind + wanted, { method, headers: { accept, authorization } });
      const body = Buffer.from(await answer.arrayBuffer());
      const kept = [...answer.headers].filter(([name]) => !OF_THE_CONNECTION.includes(name));
      response.writeHead(answer.status, Object.fromEntries(kept));
      response.end(/text\/html|sw\.js/u.test(`${answer.headers.get("content-type")} ${url}`) ? this.#as(body) : body);
    } catch {
      request.socket.destroy();
    }
  }

  #as(body: Buffer): string {
    const text = this.entry === null ? body.toString() : body.toString().replace(ENTRY, this.entry);
    return this.worker === null ? text : text.replace(BUILD_NAME, `"name":"${this.worker}"`);
  }

  async #builtEntry(): Promise<string> {
    const html = await (await fetch(this.#behind)).text();
    return ENTRY.exec(html)?.[0] ?? "";
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
