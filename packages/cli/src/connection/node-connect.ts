/** The live socket over `ws`: the token goes in a header, and a refused upgrade shows its status and `Retry-After`. */
import type { IncomingMessage } from "node:http";
import { type CloseInfo, type Connect, listenUrl } from "@holdfast/client";
import { WebSocket } from "ws";

const NO_CODE = 1006;
/** A peer that does not answer our close is dropped. */
const CLOSE_GRACE_MS = 2_000;

export const nodeConnect: Connect = (target, handlers) => {
  const socket = new WebSocket(listenUrl(target, "/v4/listen"), {
    headers: { authorization: `Bearer ${target.token}`, "x-app-platform": process.platform },
    perMessageDeflate: false,
  });
  let isOver = false;
  const over = (info: CloseInfo): void => {
    if (isOver) return;
    isOver = true;
    handlers.closed(info);
  };
  socket.on("open", () => handlers.opened());
  socket.on("message", (data, isBinary) => {
    if (!isBinary) handlers.message(String(data));
  });
  socket.on("unexpected-response", (_request, response) => {
    over(refusal(response));
    response.resume();
    socket.terminate();
  });
  // An error is always followed by a close; without a listener it would end the process.
  socket.on("error", (error) => over({ code: NO_CODE, reason: error.message }));
  socket.on("close", (code, reason) => over({ code, reason: reason.toString() }));
  return {
    send: (message) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(message);
    },
    close: (code, reason) => {
      if (socket.readyState === WebSocket.CONNECTING) return socket.terminate();
      socket.close(code, reason);
      setTimeout(() => socket.terminate(), CLOSE_GRACE_MS).unref();
    },
    get bufferedAmount() {
      return socket.bufferedAmount;
    },
  };
};

function refusal(response: IncomingMessage): CloseInfo {
  const seconds = Number(response.headers["retry-after"]);
  return {
    code: NO_CODE,
    reason: response.statusMessage ?? "",
    httpStatus: response.statusCode ?? 0,
    ...(Number.isFinite(seconds) && seconds >= 0 ? { retryAfterMs: seconds * 1000 } : {}),
  };
}
