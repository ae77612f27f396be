/**
 * The link of one live session to a pusher: carries transcripts and nudges for finished conversations, and brings results
 * back (reference listen-and-pusher 5). It is the fast path, never the truth: the job rows are, so a link that is down costs
 * nothing but time and the session never waits for it. Requests that were not answered are sent again on every new
 * connection; all buffers are bounded.
 */
import {
  decodePusherFrame,
  encodeConversation,
  encodeHeartbeat,
  encodeProcess,
  encodeTranscript,
  messageOf,
  type ProcessRequest,
  type ProcessResult,
  PUSHER,
  type Segment,
} from "@holdfast/contract";
import { backoffMs, type Clock, type Log, type Random, sleep } from "@holdfast/core";
import { WebSocket } from "ws";

export interface PusherLinkOptions {
  /** `HOSTED_PUSHER_API_URL`; undefined where no pusher is configured. */
  readonly url: string | undefined;
  readonly token: string | undefined;
  readonly userId: string;
  readonly sampleRate: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly onResult: (result: ProcessResult) => void;
}

export interface PusherLink {
  /** Binds what follows to a conversation (opcode 103). */
  announce(conversationId: string): void;
  /** Queues new, unmerged segments (opcode 102). */
  transcript(conversationId: string, segments: readonly Segment[]): void;
  /** Nudges the pusher about a job that is already in the store (opcode 104). */
  process(request: ProcessRequest): void;
  /** The conversation needs no further nudges. */
  settled(conversationId: string): void;
  readonly connected: boolean;
  close(): void;
}

const BACKOFF = { baseMs: PUSHER.reconnectBaseMs, capMs: PUSHER.reconnectCapMs, jitter: PUSHER.reconnectJitter };

const CONNECT_TIMEOUT_MS = 5_000;

export function openPusherLink(options: PusherLinkOptions): PusherLink {
  const { clock, random, log } = options;
  const stop = new AbortController();
  const requests = new Map<string, ProcessRequest>();
  let waiting: { conversationId: string; segments: Segment[] }[] = [];
  let socket: WebSocket | undefined;
  let conversationId: string | undefined;
  let announced: string | undefined;

  const send = (frame: Uint8Array): boolean => {
    if (socket?.readyState !== WebSocket.OPEN) return false;
    socket.send(frame, (error) => {
      if (error) socket?.terminate();
    });
    return true;
  };
  const announceIfNeeded = (): void => {
    if (conversationId !== undefined && announced !== conversationId && send(encodeConversation(conversationId))) {
      announced = conversationId;
    }
  };
  const flush = (): void => {
    while (waiting[0] !== undefined) {
      const [batch] = waiting;
      if (!send(encodeTranscript({ segments: batch.segments, memory_id: batch.conversationId }))) return;
      waiting = waiting.slice(1);
    }
  };
  const beat = clock.every(PUSHER.heartbeatMs, () => send(encodeHeartbeat()));
  const drain = clock.every(PUSHER.flushMs, flush);

  const onOpen = (): void => {
    announced = undefined;
    announceIfNeeded();
    flush();
    for (const request of requests.values()) send(encodeProcess(request));
  };

  const connectOnce = (url: string): Promise<boolean> =>
    new Promise((resolve) => {
      let opened = false;
      const headers = options.token === undefined ? {} : { authorization: `Bearer ${options.token}` };
      socket = new WebSocket(url, { headers, handshakeTimeout: CONNECT_TIMEOUT_MS, perMessageDeflate: false });
      socket.on("open", () => {
        opened = true;
        onOpen();
      });
      socket.on("message", (data: Buffer) => {
        const frame = decodePusherFrame(data);
        if (frame.kind === "result") options.onResult(frame.result);
      });
      socket.on("error", (error) => log.debug({ error: messageOf(error) }, "pusher link error"));
      socket.on("close", () => resolve(opened));
    });

  const run = async (base: string): Promise<void> => {
    const url = linkUrl(base, options.userId, options.sampleRate);
    let failures = 0;
    while (!stop.signal.aborted) {
      failures = (await connectOnce(url)) ? 0 : failures + 1;
      if (!stop.signal.aborted) await sleep(clock, backoffMs(failures, random.next(), BACKOFF), stop.signal);
    }
  };
  if (options.url === undefined)
    log.error({}, "no pusher is configured: finished conversations wait until there is one");
  else void run(options.url);

  return {
    announce(id) {
      conversationId = id;
      announceIfNeeded();
    },
    transcript(id, segments) {
      const last = waiting.at(-1);
      if (last?.conversationId === id) last.segments.push(...segments);
      else waiting.push({ conversationId: id, segments: [...segments] });
      let excess = waiting.reduce((sum, batch) => sum + batch.segments.length, 0) - PUSHER.maxBufferedSegments;
      while (excess > 0 && waiting[0] !== undefined) {
        excess -= waiting[0].segments.splice(0, excess).length;
        if (waiting[0].segments.length === 0) waiting.shift();
      }
    },
    process(request) {
      if (requests.size >= PUSHER.maxPendingRequests && !requests.has(request.conversation_id)) {
        const oldest = requests.keys().next().value;
        if (oldest !== undefined) requests.delete(oldest);
      }
      requests.set(request.conversation_id, request);
      send(encodeProcess(request));
    },
    settled: (id) => void requests.delete(id),
    get connected() {
      return socket?.readyState === WebSocket.OPEN;
    },
    close() {
      flush();
      stop.abort();
      beat.cancel();
      drain.cancel();
      socket?.close(1000);
    },
  };
}

function linkUrl(base: string, userId: string, sampleRate: number): string {
  const url = new URL("/v1/trigger/listen", base.replace(/^http/, "ws"));
  url.searchParams.set("uid", userId);
  url.searchParams.set("sample_rate", String(sampleRate));
  return url.toString();
}
