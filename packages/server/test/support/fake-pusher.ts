/** The far end of the pusher link, as a test sees it: takes every socket and keeps the frames that matter to the test. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { decodePusherFrame, type SpeakerSample } from "@holdfast/contract";
import { WebSocketServer } from "ws";

export interface FakePusher {
  readonly url: string;
  readonly samples: SpeakerSample[];
  close(): Promise<void>;
}

export async function startFakePusher(): Promise<FakePusher> {
  const http = createServer();
  const sockets = new WebSocketServer({ server: http });
  const samples: SpeakerSample[] = [];
  sockets.on("connection", (socket) => {
    socket.on("message", (data: Buffer) => {
      const frame = decodePusherFrame(data);
      if (frame.kind === "speakerSample") samples.push(frame.payload);
    });
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    samples,
    async close() {
      for (const client of sockets.clients) client.terminate();
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
}
