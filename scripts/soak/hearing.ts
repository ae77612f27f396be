/**
 * A speech process that hears the numbered frames of `simulation/sound.ts` exactly, behind the two wire shapes that gateway and
 * worker know. Half a second is a line of its own, live as well as in a recording.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";
import { hearMessage, MESSAGE_MS, messagesOfWav } from "../../simulation/sound.ts";

const LINE_MESSAGES = 5;

export interface Hearing extends AsyncDisposable {
  readonly url: string;
}

export async function startHearing(): Promise<Hearing> {
  const server = createServer((request, response) => {
    const answered = (async () => {
      if (request.url?.startsWith("/health") === true) return response.end("{}");
      const parts: Buffer[] = [];
      for await (const part of request) parts.push(part);
      const body = new Uint8Array(Buffer.concat(parts));
      const form = await new Response(body, {
        headers: { "content-type": request.headers["content-type"] ?? "" },
      }).formData();
      const file = form.get("file");
      const wav = file === null || typeof file === "string" ? new Uint8Array(44) : await file.bytes();
      response.setHeader("content-type", "application/json");
      return response.end(JSON.stringify(transcription(wav)));
    })();
    answered.catch(() => response.destroy());
  });
  const sockets = new WebSocketServer({ server, path: "/v1/listen" });
  sockets.on("connection", serveStream);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets.clients) socket.terminate();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

interface Heard {
  readonly word: string;
  readonly startS: number;
}

const FRAME_S = MESSAGE_MS / 1_000;

function transcription(wav: Uint8Array): object {
  const heard = messagesOfWav(wav).flatMap(({ message, startS }): Heard[] => {
    const { word } = hearMessage(message);
    return word === undefined ? [] : [{ word, startS }];
  });
  const segments: { start: number; end: number; text: string }[] = [];
  for (let at = 0; at < heard.length; at += LINE_MESSAGES) {
    const line = heard.slice(at, at + LINE_MESSAGES);
    const start = line[0]?.startS ?? 0;
    const end = (line.at(-1)?.startS ?? 0) + FRAME_S;
    segments.push({ start, end, text: line.map(({ word }) => word).join(" ") });
  }
  return { text: segments.map(({ text }) => text).join(" "), duration: wav.length / 32_000, segments };
}

function serveStream(socket: WebSocket): void {
  let context = 0;
  let told = 0;
  const heard: (string | undefined)[] = [];
  const tell = (isAsked: boolean): void => {
    const words = heard.slice(told).flatMap((word, at) => {
      const start = (told + at) * FRAME_S;
      return word === undefined ? [] : [{ word, start, end: start + FRAME_S }];
    });
    const alternative = { transcript: words.map(({ word }) => word).join(" "), confidence: 1, words };
    const flags = { is_final: true, speech_final: true, from_finalize: isAsked };
    const stretch = { start: told * FRAME_S, duration: (heard.length - told) * FRAME_S };
    socket.send(JSON.stringify({ type: "Results", ...stretch, ...flags, channel: { alternatives: [alternative] } }));
    told = heard.length;
  };
  socket.on("message", (data: Buffer, isBinary: boolean) => {
    if (isBinary) {
      context -= 1;
      if (context >= 0) return;
      heard.push(hearMessage(data).word);
      if (heard.length - told >= LINE_MESSAGES) tell(false);
      return;
    }
    const { type, messages = 0 }: { type: string; messages?: number } = JSON.parse(data.toString());
    if (type === "Context") context = messages;
    if (type === "Finalize") tell(true);
    if (type === "CloseStream") {
      if (heard.length > told) tell(false);
      socket.close(1000);
    }
  });
}
