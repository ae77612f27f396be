/**
 * The port between the live link and whatever carries it: the browser's WebSocket, `ws` in Node, a script in tests. A
 * transport opens one connection, calls `opened` once audio may be sent (after the authentication exchange, where there is
 * one), and calls `closed` exactly once however the connection ends, also when it never opened.
 */
import type { ListenTarget } from "./listen-url.ts";

export interface CloseInfo {
  /** WebSocket close code; 1006 where there was none. */
  readonly code: number;
  readonly reason: string;
  /** Status of a refused upgrade, where the transport can see it. */
  readonly httpStatus?: number;
  /** `Retry-After` of a refused upgrade. */
  readonly retryAfterMs?: number;
}

export interface SocketHandlers {
  opened(): void;
  /** A text frame. Binary frames from the server mean nothing and are not reported. */
  message(text: string): void;
  closed(info: CloseInfo): void;
}

export interface SocketLike {
  send(message: Uint8Array): void;
  close(code: number, reason: string): void;
  /** Bytes handed over and not yet on the wire. */
  readonly bufferedAmount: number;
}

export type Connect = (target: ListenTarget, handlers: SocketHandlers) => SocketLike;
