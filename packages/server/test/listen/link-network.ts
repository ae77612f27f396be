/** Time that moves when it is told to, and a network whose every socket does what a test says: for links to a pusher. */
import {
  decodePusherFrame,
  encodeResult,
  encodeTimelineAck,
  type ProcessResult,
  type PusherFrame,
  type Segment,
} from "@holdfast/contract";
import type { Clock, Log } from "@holdfast/core";
import type { PusherLink, PusherLinkOptions } from "../../src/listen/pusher-link.ts";
import type { HandOff } from "../../src/listen/pusher-link-handoffs.ts";
import type { ConnectLink, LinkSocketEvents } from "../../src/listen/pusher-link-socket.ts";
import { createPusherLinks, type PusherLinks, type PusherLinksDeps } from "../../src/listen/pusher-links.ts";

export interface VirtualClock extends Clock {
  /** Moves on, firing what is due in order. */
  advance(ms: number): void;
  /** Timers that are set. */
  readonly timers: number;
}

export function virtualClock(startMs = 1_700_000_000_000): VirtualClock {
  let nowMs = startMs;
  let made = 0;
  const timers = new Map<number, { atMs: number; everyMs: number | undefined; call: () => void }>();
  const set = (ms: number, everyMs: number | undefined, call: () => void) => {
    made += 1;
    const id = made;
    timers.set(id, { atMs: nowMs + ms, everyMs, call });
    return { cancel: () => void timers.delete(id) };
  };
  return {
    now: () => nowMs,
    after: (ms, call) => set(ms, undefined, call),
    every: (ms, call) => set(ms, ms, call),
    get timers() {
      return timers.size;
    },
    advance(ms) {
      const untilMs = nowMs + ms;
      while (true) {
        const due = [...timers].filter(([, { atMs }]) => atMs <= untilMs).sort((a, b) => a[1].atMs - b[1].atMs)[0];
        if (due === undefined) break;
        const [id, timer] = due;
        nowMs = timer.atMs;
        if (timer.everyMs === undefined) timers.delete(id);
        else timer.atMs += timer.everyMs;
        timer.call();
      }
      nowMs = untilMs;
    },
  };
}

/** One connect as the network sees it. */
export interface Wire {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** Frames given to the socket, in order, heartbeats left out. */
  readonly frames: readonly PusherFrame[];
  /** `kind` of each frame with what tells it apart, for short comparisons. */
  readonly said: readonly string[];
  heartbeats: number;
  pings: number;
  /** How it was ended from this side. */
  readonly ended: readonly string[];
  /** `take` each frame, `keep` it without ever saying so, or `fail`. */
  mode: "take" | "keep" | "fail";
  answersPings: boolean;
  open(): void;
  answer(result: ProcessResult): void;
  /** Opcode 202. */
  ack(version: number): void;
  /** The other side ends it, or it never opened. */
  end(why?: string): void;
}

export interface Network {
  readonly connect: ConnectLink;
  readonly wires: readonly Wire[];
  /** The newest connect. */
  readonly last: Wire;
  /** What a new connect does by itself. */
  onConnect: (wire: Wire) => void;
}

function scriptedNetwork(): Network {
  const wires: Wire[] = [];
  const network: Network = {
    wires,
    onConnect: () => {},
    get last() {
      const wire = wires.at(-1);
      if (wire === undefined) throw new Error("nobody connected");
      return wire;
    },
    connect(url, headers, events) {
      const { wire, socket } = wireOf(url, headers, events);
      wires.push(wire);
      network.onConnect(wire);
      return socket;
    },
  };
  return network;
}

function wireOf(url: string, headers: Readonly<Record<string, string>>, events: LinkSocketEvents) {
  const frames: PusherFrame[] = [];
  const ended: string[] = [];
  const wire: Wire = {
    url: new URL(url),
    headers,
    frames,
    get said() {
      return frames.map(say);
    },
    heartbeats: 0,
    pings: 0,
    ended,
    mode: "take",
    answersPings: true,
    open: events.onOpen,
    answer: (result) => events.onMessage(encodeResult(result)),
    ack: (version) => events.onMessage(encodeTimelineAck(version)),
    end: (why = "closed with 1006") => events.onClose(why),
  };
  const socket: ReturnType<ConnectLink> = {
    send(bytes, done) {
      const frame = decodePusherFrame(bytes);
      if (wire.mode === "fail") {
        done(false);
        return;
      }
      if (frame.kind === "heartbeat") wire.heartbeats += 1;
      else frames.push(frame);
      if (wire.mode === "take") done(true);
    },
    ping() {
      wire.pings += 1;
      if (wire.answersPings) events.onPong();
    },
    close: (code) => void ended.push(`close ${code}`),
    terminate: () => void ended.push("terminate"),
  };
  return { wire, socket };
}

function say(frame: PusherFrame): string {
  switch (frame.kind) {
    case "conversation":
      return `103 ${frame.conversationId}`;
    case "transcript":
      return `102 ${frame.payload.memory_id}: ${frame.payload.segments.map(({ id }) => id).join(" ")}`;
    case "audio":
      return `101 ${frame.startSeconds} ${Buffer.from(frame.payload).toString("hex")}`;
    case "process":
      return `104 ${frame.request.conversation_id}`;
    case "speakerSample":
      return `105 ${frame.payload.person_id}`;
    default:
      return frame.kind;
  }
}

export interface LogLine {
  readonly level: string;
  readonly event: string;
  readonly [field: string]: unknown;
}

export function collectingLog(lines: LogLine[]): Log {
  const at = (level: string) => (fields: object, message: string) =>
    void lines.push({ event: "", message, ...fields, level });
  const log: Log = {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    child: () => log,
  };
  return log;
}

export interface LinkWorld {
  readonly clock: VirtualClock;
  readonly network: Network;
  readonly links: PusherLinks;
  readonly lines: readonly LogLine[];
  /** Lines with this event. */
  said(event: string): LogLine[];
  readonly results: readonly ProcessResult[];
  open(options?: Partial<PusherLinkOptions>): PusherLink;
}

/** Jitter is none unless `random` says otherwise. */
export function linkWorld(deps: Partial<PusherLinksDeps> = {}): LinkWorld {
  const clock = virtualClock();
  const network = scriptedNetwork();
  const lines: LogLine[] = [];
  const log = collectingLog(lines);
  const results: ProcessResult[] = [];
  const links = createPusherLinks({
    url: "http://pusher.test:8788",
    token: "secret",
    clock,
    random: { next: () => 0.5, uuid: () => "" },
    log,
    connect: network.connect,
    ...deps,
  });
  return {
    clock,
    network,
    links,
    lines,
    said: (event) => lines.filter((line) => line.event === event),
    results,
    open: (options = {}) =>
      links.open({
        userId: "u1",
        codec: "opus_fs320",
        sampleRate: 16_000,
        layout: () => "linear8",
        log,
        onResult: (result) => results.push(result),
        ...options,
      }),
  };
}

export function spokenSegment(id: string): Segment {
  return {
    id,
    text: `words ${id}`,
    speaker: "SPEAKER_00",
    speaker_id: 0,
    is_user: true,
    person_id: null,
    start: 0,
    end: 1,
    translations: [],
    speech_profile_processed: true,
    stt_provider: null,
  };
}

export function handOff(conversationId: string, generation = 1): HandOff {
  return {
    conversation_id: conversationId,
    language: "en",
    byok_keys: {},
    finalization_job_id: `job-${conversationId}`,
    dispatch_generation: generation,
  };
}
