/**
 * What a link needs of a socket, small enough for a simulated network to supply, and the adapter that makes it from `ws`.
 * Connecting never throws and never waits: how it went is told by the events, `onClose` exactly once, also where the socket
 * never opened. The link sets the deadlines; a socket by itself may hang for ever.
 */
import { messageOf } from "@holdfast/contract";
import { WebSocket } from "ws";

export interface LinkSocket {
  /** `done` once: true when the frame was given to the network, false when it can no longer be. */
  send(frame: Uint8Array, done: (sent: boolean) => void): void;
  ping(): void;
  /** Says goodbye and ends when the other side did too. */
  close(code: number): void;
  /** Ends now, without a goodbye. */
  terminate(): void;
}

export interface LinkSocketEvents {
  readonly onOpen: () => void;
  readonly onMessage: (frame: Uint8Array) => void;
  readonly onPong: () => void;
  readonly onClose: (why: string) => void;
}

export type ConnectLink = (
  url: string,
  headers: Readonly<Record<string, string>>,
  events: LinkSocketEvents,
) => LinkSocket;

/** A pusher answers with small frames only. */
const MAX_ANSWER_BYTES = 1024 * 1024;

export const connectWebSocket: ConnectLink = (url, headers, events) => {
  const socket = new WebSocket(url, { headers, perMessageDeflate: false, maxPayload: MAX_ANSWER_BYTES });
  let failure: string | undefined;
  socket.on("open", events.onOpen);
  socket.on("message", (data: Buffer, isBinary: boolean) => {
    if (isBinary) events.onMessage(data);
  });
  socket.on("pong", events.onPong);
  socket.on("error", (error) => {
    failure ??= messageOf(error);
  });
  socket.on("close", (code) => events.onClose(failure ?? `closed with ${code}`));
  return {
    send: (frame, done) => socket.send(frame, (error) => done(error === undefined || error === null)),
    ping: () => socket.ping(undefined, undefined, () => {}),
    close: (code) => socket.close(code),
    terminate: () => socket.terminate(),
  };
};
