/**
 * The link of one live session to a pusher: words, sound and nudges for finished conversations go out, results come back
 * (reference listen-and-pusher 5). It is the fast path, never the truth: the job rows are, so a link that is down costs
 * nothing but time, and the session never waits for it. When to connect is decided by `core/link`, what is asked again by
 * `core/pending`, what is kept by `pusher-link-outgoing.ts`; this file holds the socket and does what they say.
 *
 * One connect at a time, and never a second socket. The socket is always read, so an end is noticed at once; a peer that is
 * silent without an end is found by ping and pong. Whatever a socket says after it was let go is ignored.
 */
import {
  CLOSE,
  type DecodableCodec,
  decodePusherFrame,
  encodeHeartbeat,
  messageOf,
  type Pcm8Layout,
  type ProcessResult,
  PUSHER,
  type Segment,
  type SpeakerSample,
} from "@holdfast/contract";
import {
  type BreakerPermit,
  type LinkEffect,
  type LinkEvent,
  type LinkState,
  type LinkStateName,
  type LinkStep,
  type Log,
  startLink,
  stepLink,
  type Timer,
} from "@holdfast/core";
import type { AudioMessage } from "./audio-log.ts";
import { type HandOff, HandOffs } from "./pusher-link-handoffs.ts";
import { tellNews } from "./pusher-link-news.ts";
import { Outgoing } from "./pusher-link-outgoing.ts";
import type { LinkSocket } from "./pusher-link-socket.ts";
import type { SharedParts } from "./pusher-links.ts";

export interface PusherLinkOptions {
  readonly userId: string;
  readonly codec: DecodableCodec;
  readonly sampleRate: number;
  /** More than 1: each message begins with the number of its channel, and the pusher mixes. */
  readonly channels?: number;
  /** What `pcm8` means; asked when connecting, since the URL says it. */
  readonly layout: () => Pcm8Layout;
  /** Whether anybody wants this user's sound now; without it, nobody does. Asked for every message, so it is cheap. */
  readonly wantsAudio?: () => boolean;
  readonly log: Log;
  readonly onResult: (result: ProcessResult) => void;
}

/** The channel, of a call. */
type Of = Partial<Pick<AudioMessage, "channel">>;

export interface PusherLink {
  /** Binds what follows to a conversation (opcode 103). */
  announce(conversationId: string): void;
  /** Queues new, unmerged segments (opcode 102). */
  transcript(conversationId: string, segments: readonly Segment[]): void;
  /** Queues sound (opcode 101) where somebody wants it. */
  audio(message: Pick<AudioMessage, "bytes" | "durationMs" | "capturedAtMs" | "conversationId"> & Of): void;
  /** Names words from which a person's voice can be learnt (opcode 105). */
  speakerSample(sample: SpeakerSample): void;
  /**
   * Nudges the pusher about a job that is already in the store (opcode 104). One that is `blocked` waits for words; nobody is
   * nudged, and a pusher finds it when it is queued.
   */
  process(request: HandOff, state: "queued" | "blocked"): void;
  /** The conversation needs no further nudges. */
  settled(conversationId: string): void;
  readonly connected: boolean;
  /** Sends once what waits, says goodbye, and connects no more. Requests without an answer are left to the store. */
  close(): void;
}

/** One socket from its connect to its end. */
interface Attempt {
  readonly permit: BreakerPermit;
  /** What its URL says about `pcm8`. */
  readonly layout: Pcm8Layout;
  socket: LinkSocket | undefined;
  opened: boolean;
  /** The circuit has been told how the connect went. */
  reported: boolean;
}

export class SessionLink implements PusherLink {
  readonly #options: PusherLinkOptions;
  readonly #shared: SharedParts;
  readonly #outgoing: Outgoing;
  readonly #handOffs: HandOffs;
  readonly #stopVisits: () => void;
  #state: LinkState;
  #attempt: Attempt | undefined;
  /** The wait for the next connect or an answer, or the deadline of a handshake or a goodbye; never two of them. */
  #timer: Timer | undefined;
  #wasConnected = false;
  #closed = false;
  #beatMs = 0;
  #pingMs = 0;
  #pongMs = 0;
  #passMs = 0;

  constructor(options: PusherLinkOptions, shared: SharedParts) {
    this.#options = options;
    this.#shared = shared;
    this.#outgoing = new Outgoing(options, shared.soundLimit, (frame, done) => this.#send(frame, done));
    const { clock, counts } = shared;
    this.#handOffs = new HandOffs({ clock, counts, log: options.log, send: (frame) => this.#send(frame) });
    this.#stopVisits = shared.ticker.add(() => this.#visit());
    const first = startLink(shared.audioTimeline ? "asked" : "off");
    this.#state = first.state;
    this.#follow(first);
  }

  get state(): LinkStateName {
    return this.#state.name;
  }

  get connected(): boolean {
    return this.#state.name === "connected";
  }

  get pending(): number {
    return this.#handOffs.size;
  }

  get dropped(): Outgoing["dropped"] {
    return this.#outgoing.dropped;
  }

  announce(conversationId: string): void {
    this.#outgoing.announce(conversationId);
  }

  transcript(conversationId: string, segments: readonly Segment[]): void {
    this.#outgoing.words(segments.map((segment) => ({ conversationId, segment })));
  }

  audio({ bytes, durationMs, capturedAtMs, conversationId, channel }: Parameters<PusherLink["audio"]>[0]): void {
    if (this.#options.wantsAudio?.() !== true) return;
    const sound = { bytes, durationMs, startMs: capturedAtMs, conversationId };
    this.#outgoing.sound(channel === undefined ? sound : { ...sound, channel });
    const attempt = this.#attempt;
    // The link was made before the sound showed what `pcm8` means, and its URL says something else.
    const isMisnamed = attempt?.opened === true && attempt.layout !== this.#options.layout();
    if (isMisnamed) this.#onEnd(attempt, "the format of its sound was not known yet");
  }

  speakerSample(sample: SpeakerSample): void {
    this.#outgoing.sample(sample);
  }

  process(request: HandOff, state: "queued" | "blocked"): void {
    if (state === "queued") this.#handOffs.request(request);
  }

  settled(conversationId: string): void {
    this.#handOffs.settled(conversationId);
  }

  close(): void {
    if (this.#closed) return;
    if (this.connected) this.#outgoing.flush(true);
    this.#closed = true;
    this.#stopVisits();
    this.#timer?.cancel();
    this.#shared.closed(this);
    const attempt = this.#attempt;
    if (attempt === undefined) return;
    this.#report(attempt, "cancel");
    if (!attempt.opened) {
      attempt.socket?.terminate();
      return;
    }
    this.#timer = this.#shared.clock.after(PUSHER.closeTimeoutMs, () => attempt.socket?.terminate());
    attempt.socket?.close(CLOSE.normal);
  }

  #step(event: LinkEvent, why?: string): void {
    if (this.#closed) return;
    const before = this.#state;
    const step = stepLink(before, event, this.#shared.random.next());
    const { pending } = this;
    tellNews(this.#options.log, { before, step, why, wasConnected: this.#wasConnected, pending });
    this.#follow(step);
  }

  #follow(step: LinkStep): void {
    const { state } = step;
    this.#state = state;
    this.#outgoing.withhold(state.name === "connected" && state.sound === "withheld");
    for (const effect of step.effects) this.#perform(effect);
  }

  #perform(effect: LinkEffect): void {
    switch (effect.type) {
      case "connect":
        this.#connect();
        return;
      case "wait":
        this.#timer?.cancel();
        this.#timer = this.#shared.clock.after(effect.ms, () => this.#step("due"));
        return;
      case "announce":
        if (this.#wasConnected) this.#shared.counts.reconnects += 1;
        this.#wasConnected = true;
        this.#outgoing.connected();
        // A send may have failed at once, and then all of it is over already.
        if (this.connected) this.#handOffs.connected();
        return;
      case "drop":
        this.#drop();
        return;
      default:
        effect satisfies never;
    }
  }

  #connect(): void {
    const permit = this.#shared.breaker.ask();
    if (permit === "refuse") {
      this.#step("refused");
      return;
    }
    const layout = this.#options.layout();
    const attempt: Attempt = { permit, layout, socket: undefined, opened: false, reported: false };
    this.#attempt = attempt;
    this.#timer?.cancel();
    this.#timer = this.#shared.clock.after(PUSHER.handshakeTimeoutMs, () => this.#onEnd(attempt, "handshake timeout"));
    const { url, headers } = this.#shared.target(this.#options, layout);
    try {
      attempt.socket = this.#shared.connect(url, headers, {
        onOpen: () => this.#onOpen(attempt),
        onMessage: (frame) => this.#onMessage(attempt, frame),
        onPong: () => {
          this.#pongMs = this.#shared.clock.now();
        },
        onClose: (why) => {
          if (this.#closed) this.#timer?.cancel();
          this.#onEnd(attempt, why);
        },
      });
    } catch (error) {
      this.#onEnd(attempt, messageOf(error));
    }
  }

  #onOpen(attempt: Attempt): void {
    this.#report(attempt, "success");
    if (attempt !== this.#attempt || this.#closed) return;
    this.#timer?.cancel();
    attempt.opened = true;
    const nowMs = this.#shared.clock.now();
    this.#beatMs = nowMs;
    this.#pingMs = nowMs;
    this.#pongMs = nowMs;
    this.#passMs = nowMs;
    this.#step("opened");
  }

  #onMessage(attempt: Attempt, message: Uint8Array): void {
    if (attempt !== this.#attempt || this.#closed) return;
    const frame = decodePusherFrame(message);
    if (frame.kind === "timelineAck" && frame.version >= PUSHER.timelineVersion) this.#step("acked");
    if (frame.kind !== "result") return;
    this.#handOffs.answered(frame.result);
    this.#options.onResult(frame.result);
  }

  /** The socket ended, or may as well have. */
  #onEnd(attempt: Attempt, why: string): void {
    this.#report(attempt, "failure");
    if (attempt !== this.#attempt || this.#closed) return;
    if (!attempt.opened) this.#drop();
    this.#step(attempt.opened ? "lost" : "failed", why);
  }

  #report(attempt: Attempt, outcome: "success" | "failure" | "cancel"): void {
    if (attempt.reported) return;
    attempt.reported = true;
    this.#shared.breaker.report(attempt.permit, outcome);
  }

  /** Lets go of the socket; what it has not taken is kept for the next. */
  #drop(): void {
    const attempt = this.#attempt;
    if (attempt === undefined) return;
    this.#attempt = undefined;
    if (attempt.opened) {
      this.#outgoing.lost();
      this.#handOffs.lost();
    }
    attempt.socket?.terminate();
  }

  #send(frame: Uint8Array, done: (sent: boolean) => void = () => {}): void {
    const attempt = this.#attempt;
    if (attempt?.socket === undefined || !attempt.opened) {
      done(false);
      return;
    }
    attempt.socket.send(frame, (sent) => {
      done(sent);
      if (!sent) this.#onEnd(attempt, "a send failed");
    });
  }

  /** Once a second. */
  #visit(): void {
    if (!this.connected) return;
    const nowMs = this.#shared.clock.now();
    if (isDue(nowMs, this.#passMs, PUSHER.pendingPassMs)) {
      this.#passMs = nowMs;
      this.#handOffs.pass();
    }
    if (isDue(nowMs, this.#beatMs, PUSHER.heartbeatMs)) {
      this.#beatMs = nowMs;
      this.#send(encodeHeartbeat());
    }
    this.#outgoing.flush();
    this.#probe(nowMs);
  }

  /** A peer that answers no ping is gone, whatever its socket says. */
  #probe(nowMs: number): void {
    const attempt = this.#attempt;
    if (attempt === undefined || !isDue(nowMs, this.#pingMs, PUSHER.pingMs)) return;
    if (this.#pongMs >= this.#pingMs) {
      this.#pingMs = nowMs;
      attempt.socket?.ping();
    } else if (nowMs - this.#pingMs > PUSHER.pongTimeoutMs) this.#onEnd(attempt, "no pong");
  }
}

/** Also where the clock was set back. */
function isDue(nowMs: number, lastMs: number, everyMs: number): boolean {
  return nowMs < lastMs || nowMs - lastMs >= everyMs;
}
