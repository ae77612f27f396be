/**
 * A bare live client for tests: one WebSocket, everything it was sent, in order. It knows no more of the protocol than the
 * test tells it, so a mistake of ours cannot cancel itself out.
 */
import { WebSocket } from "ws";
import { waitFor } from "./wait.ts";

export interface LiveEvent {
  readonly type: string;
  readonly [key: string]: unknown;
}

export class LiveClient implements AsyncDisposable {
  readonly socket: WebSocket;
  readonly events: LiveEvent[] = [];
  /** Event types and `ping`, `segments`, in the order of arrival. */
  readonly order: string[] = [];
  /** The transcript as an upserting client holds it. */
  readonly segments = new Map<string, { readonly id: string; readonly text: string; readonly start: number }>();
  readonly segmentUpdates: { readonly ids: readonly string[]; readonly atMs: number }[] = [];
  closed: { readonly code: number; readonly reason: string } | undefined;
  refused: { readonly status: number; readonly retryAfter: string | undefined } | undefined;

  constructor(url: string, headers: Readonly<Record<string, string>> = {}) {
    this.socket = new WebSocket(url, { headers, perMessageDeflate: false });
    this.socket.on("message", (data: Buffer) => this.#receive(data.toString()));
    this.socket.on("close", (code, reason) => {
      this.closed ??= { code, reason: reason.toString() };
    });
    this.socket.on("unexpected-response", (_request, response) => {
      this.refused = { status: response.statusCode ?? 0, retryAfter: response.headers["retry-after"] };
      this.socket.terminate();
    });
    this.socket.on("error", () => {});
  }

  /** The words the client holds now, in order of time. */
  get text(): string {
    return [...this.segments.values()]
      .sort((a, b) => a.start - b.start)
      .map((segment) => segment.text)
      .join(" ");
  }

  async opened(): Promise<this> {
    await waitFor("the socket to open", () => this.socket.readyState === WebSocket.OPEN);
    return this;
  }

  /** The n-th event of a type, or the one that fits; waits for it. */
  async event(type: string, fits: (event: LiveEvent) => boolean = () => true, deadlineMs?: number): Promise<LiveEvent> {
    const find = () => this.events.find((event) => event.type === type && fits(event));
    return await waitFor(`the event ${type} (has ${this.order.join(", ").slice(-300)})`, find, deadlineMs);
  }

  async ready(): Promise<this> {
    await this.event("service_status", (event) => event.status === "ready");
    return this;
  }

  async close(code = 1000): Promise<void> {
    this.socket.close(code);
    await this.ended();
  }

  async ended(deadlineMs?: number): Promise<{ readonly code: number; readonly reason: string }> {
    return await waitFor("the socket to close", () => this.closed, deadlineMs);
  }

  /** Sends messages `intervalMs` apart, as a device does; stops quietly when the socket is gone. Returns how many went out. */
  async play(messages: readonly Uint8Array[], intervalMs: number): Promise<number> {
    const start = Date.now();
    for (const [index, message] of messages.entries()) {
      const wait = start + index * intervalMs - Date.now();
      if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
      if (this.socket.readyState !== WebSocket.OPEN) return index;
      this.socket.send(message);
    }
    return messages.length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.terminate();
  }

  #receive(text: string): void {
    if (text === "ping") {
      this.order.push("ping");
      return;
    }
    const value: unknown = JSON.parse(text);
    if (Array.isArray(value)) {
      this.order.push("segments");
      for (const segment of value) this.segments.set(segment.id, segment);
      this.segmentUpdates.push({ ids: value.map((segment) => segment.id), atMs: Date.now() });
      return;
    }
    const event = value as LiveEvent;
    this.order.push(event.type);
    this.events.push(event);
    if (event.type === "segments_deleted") for (const id of event.segment_ids as string[]) this.segments.delete(id);
  }
}
