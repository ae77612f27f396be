/**
 * One live stream to an engine of Deepgram's shape. It is used up by its end: whoever wants to go on opens a new one and
 * sends again from its watermark.
 *
 *   connecting ──open──▶ open ──finish()──▶ finishing ──server closes──▶ ended
 *       │ handshake fails   │ closed, no pong, error    │ deadline         (onEnd, exactly once)
 *       └───────────────────┴──────────────────────────┴──────────────────▶ ended
 *
 * Messages sent while connecting wait in a bounded buffer. An idle stream is kept open by `KeepAlive` every 4 s (Deepgram
 * closes after 10 s without audio). A dead peer is found by ping: nothing heard for 5 s after a ping ends the stream.
 */
import type { Duplex } from "node:stream";
import { type HoldfastError, type StreamControl, type StreamEncoding, StreamResults } from "@holdfast/contract";
import type { Clock } from "@holdfast/core";
import { type ClientOptions, WebSocket } from "ws";
import type { SttEngine } from "./engines.ts";
import { closeFailure, networkFailure, statusFailure, timeoutFailure } from "./failures.ts";
import { streamUrl } from "./stream-url.ts";

export interface StreamOptions {
  /** Codec as the client named it; our own speech process wants it to know the length of an unreadable packet. */
  readonly codec: string;
  readonly encoding: StreamEncoding;
  readonly sampleRate: number;
  readonly language?: string | undefined;
  readonly keywords?: readonly string[];
  /** Ask for partial results. */
  readonly interim: boolean;
  /** Silence that ends an utterance; the engine's own default otherwise. */
  readonly endpointingMs?: number;
}

/** How a stream ended. `error` is absent only where the end was asked for by `finish` or `abort`. */
export interface StreamEnd {
  readonly code: number;
  readonly reason: string;
  readonly error: HoldfastError | undefined;
}

export interface StreamEvents {
  onResults(results: StreamResults): void;
  /** Exactly once, after the last result. */
  onEnd(end: StreamEnd): void;
  onOpen?(): void;
}

/** How a socket is opened; a simulated network brings its own. */
export type ConnectSocket = (url: string, options: ClientOptions) => WebSocket;

export interface StreamDeps {
  readonly clock: Clock;
  /** `ws` unless told otherwise. */
  readonly connect?: ConnectSocket | undefined;
}

const connectWebSocket: ConnectSocket = (url, options) => new WebSocket(url, options);

export interface SttStream {
  /**
   * The sound just before the first message, which an earlier stream has told: heard and not told, where the engine knows how
   * to. Before the first `send` only.
   */
  context(messages: readonly Uint8Array[]): void;
  /** Hands over one audio message. False when it was not taken: the buffer is full or the stream is at its end. */
  send(message: Uint8Array): boolean;
  /** What `sends` hands over goes to the network in one write, each message still by itself. */
  together(sends: () => void): void;
  /** Asks for the results of everything sent so far, now. */
  finalize(): void;
  /** Ends the stream after its last result. Resolves at the end, at the latest after 15 s. */
  finish(): Promise<void>;
  /** Ends the stream at once. */
  abort(): void;
  /** Sent and not yet on the wire. */
  readonly bufferedBytes: number;
  /** Frames of the engine that could not be read and were passed over. */
  readonly badFrames: number;
}

const CONNECT_TIMEOUT_MS = 5_000;
const PING_INTERVAL_MS = 5_000;
const KEEP_ALIVE_MS = 4_000;
const FINISH_DEADLINE_MS = 15_000;
const MAX_BUFFERED_BYTES = 8_388_608;

export function openStream(
  engine: SttEngine,
  options: StreamOptions,
  events: StreamEvents,
  deps: StreamDeps,
): SttStream {
  const { clock } = deps;
  const authorization = engine.streamKey === undefined ? {} : { authorization: `Token ${engine.streamKey}` };
  const socket = (deps.connect ?? connectWebSocket)(streamUrl(engine, options), {
    headers: authorization,
    handshakeTimeout: CONNECT_TIMEOUT_MS,
    perMessageDeflate: false,
    maxPayload: 1_048_576,
  });
  let waiting: (Uint8Array | string)[] = [];
  let waitingBytes = 0;
  let failure: HoldfastError | undefined;
  let asked = false;
  let aborted = false;
  let ended = false;
  let heard = true;
  let audioSinceTick = false;
  let badFrames = 0;
  let connection: Duplex | undefined;
  const { promise: end, resolve: resolveEnd } = Promise.withResolvers<void>();

  const put = (data: Uint8Array | string): void => {
    if (socket.readyState === WebSocket.OPEN) socket.send(data, { binary: typeof data !== "string" });
    else if (socket.readyState === WebSocket.CONNECTING) {
      waiting.push(data);
      waitingBytes += data.length;
    }
  };
  const control = (message: StreamControl): void => put(JSON.stringify(message));
  const fail = (error: HoldfastError): void => {
    failure ??= error;
    socket.terminate();
  };
  const conclude = (code: number, reason: string): void => {
    if (ended) return;
    ended = true;
    ping.cancel();
    keepAlive.cancel();
    waiting = [];
    const wanted = aborted || (asked && failure === undefined && (code === 1000 || code === 1005));
    events.onEnd({ code, reason, error: wanted ? undefined : (failure ?? closeFailure(engine.id, code, reason)) });
    resolveEnd();
  };

  const ping = clock.every(PING_INTERVAL_MS, () => {
    if (socket.readyState !== WebSocket.OPEN) return;
    if (!heard) return fail(timeoutFailure(engine.id, "no longer answers"));
    heard = false;
    socket.ping();
  });
  const keepAlive = clock.every(KEEP_ALIVE_MS, () => {
    if (!audioSinceTick && socket.readyState === WebSocket.OPEN) control({ type: "KeepAlive" });
    audioSinceTick = false;
  });

  socket.on("upgrade", (response) => {
    connection = response.socket;
  });
  socket.on("open", () => {
    for (const data of waiting) put(data);
    waiting = [];
    waitingBytes = 0;
    events.onOpen?.();
  });
  socket.on("unexpected-response", (_request, response) => {
    response.resume();
    fail(statusFailure(engine.id, response.statusCode ?? 0, response.headers["retry-after"]));
    // `ws` leaves the socket to whoever listens to this event; without a close event the end is ours to declare.
    conclude(1006, `handshake refused: ${response.statusCode ?? 0}`);
  });
  socket.on("error", (error) => {
    failure ??= networkFailure(engine.id, error);
  });
  socket.on("pong", () => {
    heard = true;
  });
  socket.on("message", (data, isBinary) => {
    heard = true;
    if (ended) return;
    const frame = isBinary ? undefined : readFrame(data.toString());
    if (frame === undefined) badFrames += 1;
    else if (frame !== "other") events.onResults(frame);
  });
  socket.on("close", (code, reason) => conclude(code, reason.toString()));

  return {
    context(messages): void {
      if (!engine.throughSpeech || messages.length === 0 || ended || asked || aborted) return;
      control({ type: "Context", messages: messages.length });
      for (const message of messages) put(message);
    },
    send(message): boolean {
      if (ended || asked || aborted || socket.readyState > WebSocket.OPEN) return false;
      if (waitingBytes + socket.bufferedAmount + message.length > MAX_BUFFERED_BYTES) return false;
      audioSinceTick = true;
      put(message);
      return true;
    },
    together(sends): void {
      const held = connection;
      held?.cork();
      try {
        sends();
      } finally {
        held?.uncork();
      }
    },
    finalize: () => control({ type: "Finalize" }),
    async finish(): Promise<void> {
      if (!asked && !ended) {
        asked = true;
        control({ type: "CloseStream" });
        const deadline = clock.after(FINISH_DEADLINE_MS, () =>
          fail(timeoutFailure(engine.id, "did not finish the stream")),
        );
        void end.then(() => deadline.cancel());
      }
      await end;
    },
    abort(): void {
      aborted = true;
      socket.terminate();
    },
    get bufferedBytes(): number {
      return waitingBytes + socket.bufferedAmount;
    },
    get badFrames(): number {
      return badFrames;
    },
  };
}

/** `other` for the frame types we have no use for (Metadata, SpeechStarted, ...); undefined for what cannot be read. */
function readFrame(text: string): StreamResults | "other" | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null || !("type" in value)) return undefined;
  if (value.type !== "Results") return "other";
  const parsed = StreamResults.safeParse(value);
  return parsed.success ? parsed.data : undefined;
}
