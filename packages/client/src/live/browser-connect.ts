/**
 * The live socket over the browser's WebSocket, which cannot set headers: `/v4/web/listen` with the token in the first
 * message (reference listen-and-pusher 2.2). Audio may go once the server has said `auth_response`. There, 1008 before that also
means that the first message came late, which is the network's fault: only a server that said no has refused.
 */
import { CLOSE } from "@holdfast/contract";
import { listenUrl } from "./listen-url.ts";
import { parseServerMessage } from "./server-message.ts";
import type { Connect } from "./socket.ts";

/** The part of the standard WebSocket that is used; also what Node's own WebSocket offers. */
export interface WebSocketLike {
  onopen: ((event: never) => void) | null;
  onmessage: ((event: never) => void) | null;
  onclose: ((event: never) => void) | null;
  send(data: string | Uint8Array<ArrayBuffer>): void;
  close(code?: number, reason?: string): void;
  readonly bufferedAmount: number;
}

/** What a WebSocket says where the connection just broke. */
const NO_CODE = 1006;

/** `open` makes the socket: `(url) => new WebSocket(url)`. */
export function browserConnect(open: (url: string) => WebSocketLike): Connect {
  return (target, handlers) => {
    const socket = open(listenUrl(target, "/v4/web/listen"));
    let admitted = false;
    let refused = false;
    socket.onopen = () => socket.send(JSON.stringify({ type: "auth", token: target.token }));
    socket.onmessage = ({ data }: { readonly data: unknown }) => {
      if (typeof data !== "string") return;
      if (admitted) return handlers.message(data);
      const message = parseServerMessage(data);
      if (message.kind !== "event" || message.event.type !== "auth_response") return;
      admitted = message.event.success;
      refused = !admitted;
      if (admitted) handlers.opened();
    };
    socket.onclose = ({ code, reason }: { readonly code: number; readonly reason: string }) => {
      const isLate = code === CLOSE.policy && !admitted && !refused;
      handlers.closed({ code: isLate ? NO_CODE : code, reason });
    };
    return {
      send: (message) => socket.send(message as Uint8Array<ArrayBuffer>),
      close: (code, reason) => socket.close(code, reason),
      get bufferedAmount() {
        return socket.bufferedAmount;
      },
    };
  };
}
