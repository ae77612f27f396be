/** The far end of the pusher link, as a test sees it: takes every socket and keeps the frames that matter to the test. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { decodePusherFrame, type SpeakerSample } from "@holdfast/contract";
import { WebSocketServer } from "ws";

export interface FakePusher {
  readonly url: string;
  readonly samples: SpeakerSample[];
  /** Path and query of each link, and what each of its frames was. */
  readonly links: { readonly url: string; readonly kinds: string[] }[];
  close(): Promise<void>;
}

export async function startFakePusher(): Promise<FakePusher> {
  const http = createServer();
  const sockets = new WebSocketServer({ server: http });
  const samples: SpeakerSample[] = [];
  const links: FakePusher["links"] = [];
  sockets.on("connection", (socket, request) => {
    const kinds: string[] = [];
    links.push({ url: request.url ?? "", kinds });
    socket.on("message", (data: Buffer) => {
      const frame = decodePusherFrame(data);
      kinds.push(frame.kind);
      if (frame.kind === "speakerSample") samples.push(frame.payload);
    });
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    samples,
    links,
    async close() {
      for (const client of sockets.clients) client.terminate();
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
}
