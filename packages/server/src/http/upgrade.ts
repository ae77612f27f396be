/** Which requests become live sockets: `/v4/listen` and `/v4/web/listen`. Every other upgrade is refused with 404. */
import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";
import type { ListenGateway } from "../listen/gateway.ts";

const LISTEN_PATHS = ["/v4/listen", "/v4/web/listen"];

export function isListenPath(url: string | undefined): boolean {
  const path = (url ?? "").split("?", 1)[0] ?? "";
  return LISTEN_PATHS.includes(path);
}

export function attachUpgrades(server: Server, listen: Pick<ListenGateway, "handleUpgrade">): void {
  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (isListenPath(request.url)) {
      listen.handleUpgrade(request, socket, head);
      return;
    }
    socket.on("error", () => socket.destroy());
    socket.end("HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
  });
}
