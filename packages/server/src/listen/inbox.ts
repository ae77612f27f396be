/**
 * What a client sends before its session can take it. Reading is paused at once, but messages that arrived together with the
 * first one are delivered all the same: they are kept here, in order, and not lost.
 */
import type { WebSocket } from "ws";

export type MessageHandler = (data: Buffer, isBinary: boolean) => void;

export class Inbox {
  readonly #socket: WebSocket;
  #kept: { data: Buffer; isBinary: boolean }[] = [];
  #first: MessageHandler | undefined;
  #handler: MessageHandler | undefined;

  /** Pauses the socket; `first` or `open` resume it. */
  constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on("message", (data: Buffer, isBinary: boolean) => this.#receive(data, isBinary));
    socket.pause();
  }

  /** Takes one message, then pauses again. */
  first(handler: MessageHandler): void {
    this.#first = handler;
    this.#socket.resume();
  }

  /** Delivers what was kept, then everything that comes. */
  open(handler: MessageHandler): void {
    this.#handler = handler;
    for (const { data, isBinary } of this.#kept.splice(0)) handler(data, isBinary);
    this.#socket.resume();
  }

  #receive(data: Buffer, isBinary: boolean): void {
    if (this.#handler !== undefined) {
      this.#handler(data, isBinary);
      return;
    }
    const first = this.#first;
    if (first === undefined) {
      this.#kept.push({ data, isBinary });
      return;
    }
    this.#first = undefined;
    this.#socket.pause();
    first(data, isBinary);
  }
}
