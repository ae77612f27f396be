/**
 * What a client sends, until its session takes it. Before the session can, reading is paused at once, but messages that arrived
 * together with the first one are delivered all the same: they are kept here, in order, and not lost.
 *
 * Afterwards sound comes in lots (`lots.ts`): going once through a session's memory for three packets costs less than going
 * there for each. A text frame, the end of the socket and `deliver` bring what is held first.
 */
import type { WebSocket } from "ws";
import type { Lot, Lots } from "./lots.ts";

export type MessageHandler = (data: Buffer, isBinary: boolean) => void;

export class Inbox {
  readonly #socket: WebSocket;
  readonly #lot: Lot<Buffer>;
  #kept: { data: Buffer; isBinary: boolean }[] = [];
  #first: MessageHandler | undefined;
  #handler: MessageHandler | undefined;
  #soundMs: (data: Buffer) => number = () => Number.POSITIVE_INFINITY;

  /** Pauses the socket; `first` or `open` resume it. */
  constructor(socket: WebSocket, lots: Lots) {
    this.#socket = socket;
    this.#lot = lots.open((messages) => {
      for (const data of messages) this.#handler?.(data, true);
    });
    socket.on("close", () => this.deliver());
    socket.on("message", (data: Buffer, isBinary: boolean) => this.#receive(data, isBinary));
    socket.pause();
  }

  /** Takes one message, then pauses again. */
  first(handler: MessageHandler): void {
    this.#first = handler;
    this.#socket.resume();
  }

  /** Delivers what was kept, then everything that comes; `soundMs` says how much sound is in a binary message. */
  open(handler: MessageHandler, soundMs: (data: Buffer) => number): void {
    this.#handler = handler;
    this.#soundMs = soundMs;
    for (const { data, isBinary } of this.#kept.splice(0)) handler(data, isBinary);
    this.#socket.resume();
  }

  /** Brings what is held, now. */
  deliver(): void {
    this.#lot.flush();
  }

  #receive(data: Buffer, isBinary: boolean): void {
    if (this.#handler !== undefined) {
      if (isBinary) {
        this.#lot.add(data, this.#soundMs(data));
        return;
      }
      this.deliver();
      this.#handler(data, false);
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
