/**
 * A speech engine of OpenAI's batch shape that hears tones (see `sounds.ts`) and can be told to fail: with a status, by
 * breaking the connection, or by letting the question wait until it is released.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

const RATE = 16_000;
const FRAME = 160;
const LOUD = 0.08;
/** Frames of quiet that end a tone. */
const GAP_FRAMES = 8;

export type Mood = "hear" | "wait" | "break" | { readonly status: number; readonly retryAfter?: string };

export interface ToneEngine extends AsyncDisposable {
  readonly url: string;
  /** How the next questions are treated. */
  mood: Mood | ((question: number) => Mood);
  /** Questions asked so far, and the languages that came with them. */
  readonly asked: { count: number; languages: (string | undefined)[] };
  /** Questions that wait now. */
  waiting(): number;
  release(): void;
}

export async function startToneEngine(): Promise<ToneEngine> {
  const held: (() => void)[] = [];
  const asked: ToneEngine["asked"] = { count: 0, languages: [] };
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await bodyOf(request);
    const mood = typeof engine.mood === "function" ? engine.mood(asked.count) : engine.mood;
    asked.count += 1;
    asked.languages.push(/name="language"\r\n\r\n([^\r]+)/.exec(body.toString("latin1"))?.[1]);
    if (mood === "break") return void request.socket.destroy();
    if (mood === "wait") await new Promise<void>((resolve) => held.push(resolve));
    if (typeof mood === "object") {
      if (mood.retryAfter !== undefined) response.setHeader("retry-after", mood.retryAfter);
      return void response.writeHead(mood.status).end("{}");
    }
    const segments = hear(samplesOf(body));
    const text = segments.map((segment) => segment.text).join(" ");
    response.setHeader("content-type", "application/json").end(JSON.stringify({ text, segments }));
  };
  const server = createServer((request, response) => void answer(request, response).catch(() => response.destroy()));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const engine: ToneEngine = {
    url: `http://127.0.0.1:${port}`,
    mood: "hear",
    asked,
    waiting: () => held.length,
    release() {
      for (const go of held.splice(0)) go();
    },
    async [Symbol.asyncDispose]() {
      engine.release();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return engine;
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** The samples of the WAV part of a multipart body, as `encodeWav16` writes it. */
function samplesOf(body: Buffer): Float32Array {
  const at = body.indexOf("RIFF");
  const bytes = body.readUInt32LE(at + 40);
  return Float32Array.from({ length: bytes / 2 }, (_, i) => body.readInt16LE(at + 44 + i * 2) / 32_768);
}

interface Heard {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

function hear(samples: Float32Array): Heard[] {
  const heard: Heard[] = [];
  let from = -1;
  let last = -1;
  const frames = Math.ceil(samples.length / FRAME);
  for (let frame = 0; frame <= frames; frame++) {
    if (frame < frames && isLoud(samples.subarray(frame * FRAME, (frame + 1) * FRAME))) {
      if (from < 0) from = frame;
      last = frame;
    } else if (from >= 0 && (frame - last > GAP_FRAMES || frame === frames)) {
      heard.push(wordOf(samples, from, last + 1));
      from = -1;
    }
  }
  return heard;
}

function isLoud(frame: Float32Array): boolean {
  return Math.sqrt(frame.reduce((sum, x) => sum + x * x, 0) / FRAME) > LOUD;
}

function wordOf(samples: Float32Array, from: number, to: number): Heard {
  let crossings = 0;
  for (let i = from * FRAME + 1; i < to * FRAME; i++) {
    if ((samples[i - 1] ?? 0) < 0 && (samples[i] ?? 0) >= 0) crossings += 1;
  }
  const hz = Math.round(crossings / (((to - from) * FRAME) / RATE) / 100) * 100;
  return { start: (from * FRAME) / RATE, end: (to * FRAME) / RATE, text: `t${hz}` };
}
