/**
 * Everything a live socket sends. A client that does not read is closed rather than buffered for ever (law L6): what it
 * missed is in the store and reaches it by the next session or by REST. Sending to a socket that is gone is a normal end and
 * never throws.
 */
import { CLOSE, type ListenEvent, type Segment } from "@holdfast/contract";
import type { WebSocket } from "ws";

/** Bytes waiting for a slow client before it is closed. */
const MAX_BUFFERED_BYTES = 4_194_304;

export interface Outbox {
  event(event: ListenEvent): void;
  segments(segments: readonly Segment[]): void;
  ping(): void;
  close(code: number, reason: string): void;
}

export function createOutbox(socket: WebSocket): Outbox {
  const send = (text: string): void => {
    if (socket.readyState !== socket.OPEN) return;
    if (socket.bufferedAmount > MAX_BUFFERED_BYTES) {
      socket.close(CLOSE.tryAgainLater, "slow consumer");
      return;
    }
    socket.send(text, () => {});
  };
  return {
    event: (event) => send(JSON.stringify(event)),
    segments: (segments) => {
      if (segments.length > 0) send(JSON.stringify(segments));
    },
    ping: () => send("ping"),
    close: (code, reason) => {
      // A paused socket would never read the client's half of the closing handshake.
      if (socket.isPaused) socket.resume();
      if (socket.readyState === socket.OPEN || socket.readyState === socket.CONNECTING) socket.close(code, reason);
    },
  };
}
