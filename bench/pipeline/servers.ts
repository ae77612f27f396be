/**
 * What the gateway is compared with and connected to, each as little as can be: a server that only counts frames, one that
 * counts and forwards, and a recogniser of Deepgram's shape that closes stretches of audio and says the same sentence.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type RawData, WebSocket, WebSocketServer } from "ws";
import type { PeerCalls } from "./peer.ts";

export interface RecogniserOptions {
  /** Frames after which a stretch is closed. Streams close theirs at different moments. */
  readonly finalFrames: number;
  readonly frameSeconds: number;
  /** Said in each final; empty means silence. */
  readonly transcript: string;
}

export function countingServer(): PeerCalls {
  let frames = 0;
  const listening = listen((socket) => {
    socket.on("message", () => {
      frames += 1;
    });
    socket.send('{"type":"service_status","status":"ready"}');
  });
  return { port: () => listening, frames: () => frames };
}

/** The least that any gateway does which forwards what it takes. */
export function relayServer(): PeerCalls {
  let frames = 0;
  let to = "";
  const listening = listen((socket) => {
    const upstream = new WebSocket(to, { perMessageDeflate: false });
    upstream.on("open", () => socket.send('{"type":"service_status","status":"ready"}'));
    upstream.on("error", () => {});
    socket.on("message", (data: Buffer) => {
      frames += 1;
      upstream.send(data);
    });
    socket.on("close", () => upstream.terminate());
  });
  return {
    port: () => listening,
    frames: () => frames,
    forwardTo: ({ url }: { readonly url: string }) => {
      to = url;
    },
  };
}

export function countingRecogniser(): PeerCalls {
  let frames = 0;
  let finals = 0;
  let streams = 0;
  let options: RecogniserOptions = { finalFrames: 250, frameSeconds: 0.02, transcript: "" };
  const listening = listen((socket) => {
    streams += 1;
    let heard = 0;
    let closed = 0;
    // Streams that open together close their stretches one after the other.
    let closesAt = 1 + ((streams * 37) % options.finalFrames);
    const close = (fromFinalize: boolean): void => {
      finals += 1;
      const start = closed * options.frameSeconds;
      const duration = (heard - closed) * options.frameSeconds;
      const alternatives = [{ transcript: options.transcript, confidence: 0.98, words: [] }];
      closed = heard;
      socket.send(
        JSON.stringify({
          type: "Results",
          channel_index: [0, 1],
          start,
          duration,
          is_final: true,
          speech_final: true,
          from_finalize: fromFinalize,
          channel: { alternatives },
        }),
      );
    };
    socket.on("message", (data: RawData, isBinary: boolean) => {
      if (isBinary) {
        frames += 1;
        heard += 1;
        if (heard < closesAt) return;
        closesAt = heard + options.finalFrames;
        return close(false);
      }
      const { type } = JSON.parse(data.toString()) as { readonly type: string };
      if (type === "Finalize") close(true);
      if (type === "CloseStream") {
        if (heard > closed) close(false);
        socket.close(1000);
      }
    });
  });
  return {
    port: () => listening,
    frames: () => frames,
    finals: () => finals,
    configure: (given: RecogniserOptions) => {
      options = given;
    },
  };
}

function listen(onSocket: (socket: WebSocket) => void): Promise<number> {
  const http = createServer((_request, response) => response.writeHead(404).end());
  const server = new WebSocketServer({ server: http, perMessageDeflate: false });
  server.on("connection", (socket) => {
    socket.on("error", () => {});
    onSocket(socket);
  });
  return new Promise((resolve) => {
    http.listen(0, "127.0.0.1", () => resolve((http.address() as AddressInfo).port));
  });
}
