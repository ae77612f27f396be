/**
 * One end of a simulated WebSocket: the part of `ws` that our code uses, with its manners. Frames come in order and while the
 * socket is paused they wait; a close is answered; a peer that never answers is given up after half a minute; what is sent
 * to nobody stays in `bufferedAmount`. Between the two ends is the network (`network.ts`).
 */
import { EventEmitter } from "node:events";
import type { Timer } from "@holdfast/core";
import type { WebSocket } from "ws";
import type { SimProcess } from "./process.ts";

export type Frame =
  /** The handshake succeeded. */
  | { readonly kind: "open" }
  | { readonly kind: "message"; readonly data: Buffer; readonly isBinary: boolean }
  | { readonly kind: "ping" | "pong" }
  | { readonly kind: "close"; readonly code: number; readonly reason: Buffer }
  /** The connection is gone: the other end was killed, gave up, or the network cut it. */
  | { readonly kind: "reset" };

/** Takes frames of one direction and brings them to the other end, or not. */
export interface Wire {
  send(frame: Frame, bytes: number): void;
  /** Bytes handed over and not taken by the other end. */
  readonly inFlight: number;
}

/** What a kernel takes from a sender whose peer does not read. */
const KERNEL_BYTES = 262_144;
/** `ws` waits this long for the answer to its close frame. */
const CLOSE_TIMEOUT_MS = 30_000;
const NO_STATUS = 1005;
const ABNORMAL = 1006;

export class SimSocket extends EventEmitter {
  static readonly CONNECTING = 0;
  static readonly OPEN = 1;
  static readonly CLOSING = 2;
  static readonly CLOSED = 3;
  readonly CONNECTING = 0;
  readonly OPEN = 1;
  readonly CLOSING = 2;
  readonly CLOSED = 3;
  readonly process: SimProcess;
  readonly name: string;
  readyState: 0 | 1 | 2 | 3;
  #wire: Wire | undefined;
  #paused = false;
  #waiting: { frame: Frame; taken: () => void }[] = [];
  #closeTimer: Timer | undefined;

  constructor(process: SimProcess, name: string, readyState: 0 | 1 = 0) {
    super();
    this.process = process;
    this.name = name;
    this.readyState = readyState;
  }

  /** This object where the code asks for a `ws` socket; it has every member that the code uses. */
  asWebSocket(): WebSocket {
    return this as unknown as WebSocket;
  }

  get isPaused(): boolean {
    return this.#paused;
  }

  get bufferedAmount(): number {
    return Math.max(0, (this.#wire?.inFlight ?? 0) - KERNEL_BYTES);
  }

  /** The way to the other end. */
  attach(wire: Wire): void {
    this.#wire = wire;
  }

  /** The handshake failed. */
  failed(error: Error): void {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.#wire?.send({ kind: "reset" }, 0);
    this.emit("error", error);
    this.emit("close", ABNORMAL, Buffer.alloc(0));
  }

  /** The server answered the handshake with another status. */
  refused(statusCode: number, headers: Readonly<Record<string, string>>): void {
    if (this.readyState !== 0) return;
    if (this.listenerCount("unexpected-response") === 0) {
      this.failed(new Error(`Unexpected server response: ${statusCode}`));
      return;
    }
    this.emit("unexpected-response", {}, { statusCode, headers, resume: () => {} });
  }

  send(data: Uint8Array | string, options?: object | ((error?: Error) => void), done?: (error?: Error) => void): void {
    const callback = typeof options === "function" ? options : done;
    if (this.readyState === 0) throw new Error("WebSocket is not open: readyState 0 (CONNECTING)");
    if (this.readyState !== 1) {
      const error = new Error(`WebSocket is not open: readyState ${this.readyState}`);
      if (callback !== undefined) this.process.after(0, "send failed", () => callback(error));
      return;
    }
    const isBinary = typeof data !== "string";
    const copy = typeof data === "string" ? Buffer.from(data) : Buffer.from(data);
    this.#wire?.send({ kind: "message", data: copy, isBinary }, copy.length);
    if (callback !== undefined) queueMicrotask(() => callback());
  }

  ping(): void {
    if (this.readyState === 1) this.#wire?.send({ kind: "ping" }, 2);
  }

  pause(): void {
    if (this.readyState === 1 || this.readyState === 2) this.#paused = true;
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    if (this.#waiting.length > 0) this.process.after(0, `${this.name} resumed`, () => this.#drain());
  }

  close(code: number = NO_STATUS, reason: string | Buffer = ""): void {
    if (this.readyState === 3 || this.readyState === 2) return;
    if (this.readyState === 0) {
      this.#abortHandshake();
      return;
    }
    if (Buffer.byteLength(reason) > 123) throw new RangeError("The message must not be greater than 123 bytes");
    this.readyState = 2;
    this.#wire?.send({ kind: "close", code, reason: Buffer.from(reason) }, 2);
    this.#closeTimer = this.process.after(CLOSE_TIMEOUT_MS, `${this.name} close timeout`, () => this.terminate());
  }

  terminate(): void {
    if (this.readyState === 3) return;
    if (this.readyState === 0) {
      this.#abortHandshake();
      return;
    }
    this.readyState = 2;
    this.#wire?.send({ kind: "reset" }, 0);
    this.process.after(0, `${this.name} terminated`, () => this.#end(ABNORMAL, Buffer.alloc(0)));
  }

  /** A frame arrives; `taken` is called when this end has read it. */
  deliver(frame: Frame, taken: () => void): void {
    if (this.#paused && frame.kind !== "reset") {
      this.#waiting.push({ frame, taken });
      return;
    }
    taken();
    this.#receive(frame);
  }

  #abortHandshake(): void {
    this.readyState = 2;
    this.process.after(0, `${this.name} aborted`, () =>
      this.failed(new Error("WebSocket was closed before the connection was established")),
    );
  }

  #drain(): void {
    while (!this.#paused && this.#waiting.length > 0) {
      const next = this.#waiting.shift();
      next?.taken();
      if (next !== undefined) this.#receive(next.frame);
    }
  }

  #receive(frame: Frame): void {
    if (this.readyState === 3) return;
    if (this.readyState === 0 && frame.kind === "reset") {
      this.failed(new Error("socket hang up"));
      return;
    }
    switch (frame.kind) {
      case "open":
        if (this.readyState !== 0) return;
        this.readyState = 1;
        this.emit("open");
        return;
      case "message":
        this.emit("message", frame.data, frame.isBinary);
        return;
      case "ping":
        if (this.readyState === 1) this.#wire?.send({ kind: "pong" }, 2);
        return;
      case "pong":
        this.emit("pong");
        return;
      case "close": {
        const answered = this.readyState === 2;
        if (!answered) this.#wire?.send({ kind: "close", code: frame.code, reason: frame.reason }, 2);
        this.#end(frame.code, frame.reason);
        return;
      }
      case "reset":
        this.#end(ABNORMAL, Buffer.alloc(0));
        return;
      default:
        frame satisfies never;
    }
  }

  #end(code: number, reason: Buffer): void {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.#closeTimer?.cancel();
    this.#waiting = [];
    this.emit("close", code, reason);
  }
}
