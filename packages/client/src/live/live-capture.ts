/**
 * Sound that is captured now, on both of its ways: every frame goes into the recording log first, and the live socket sends what
 * the log holds. What the server acknowledges is delivered; the rest is uploaded by the sync engine. As long as the live way
 * may still deliver a recording, the engine keeps its hands off it; it gets everything when
 *
 * - capture has ended and the last frames were acknowledged, or could not be in the time given;
 * - the link was away for longer than a replay is worth. The recordings of that stretch are then uploaded, and live goes on in
 *   a new session, because what is handed over must not be replayed as well;
 * - the server will never take this link again.
 *
 * A server that acknowledges nothing gets every frame once. Its recordings are kept until the finished conversation comes;
 * those that its transcript covers are done, the others are uploaded.
 */
import type { Conversation, HoldfastError } from "@holdfast/contract";
import { type Clock, isCovered, type Random, type RecordingEvent, type Timer } from "@holdfast/core";
import { Listeners } from "../listeners.ts";
import type { CaptureSession, SessionFacts } from "../log/capture/session.ts";
import type { RecordingLogEvent, RecordingLogListener } from "../log/events.ts";
import type { Recording } from "../log/recording.ts";
import type { SyncEngine } from "../sync/engine.ts";
import type { SyncLog } from "../sync/sync-log.ts";
import { ListenSocket, type ListenSocketEvent, type ListenSocketOptions, type ListenStatus } from "./listen-socket.ts";
import { wholeAudioMessage } from "./opus-padding.ts";

export interface CaptureLog extends SyncLog {
  begin(facts: SessionFacts): Promise<CaptureSession>;
  on(listener: RecordingLogListener): () => void;
}

export type LiveCaptureOptions = Omit<ListenSocketOptions, "recordingId" | "codec" | "sampleRate" | "log"> & {
  readonly log: CaptureLog;
  readonly engine: SyncEngine;
  readonly facts: Omit<SessionFacts, "sessionId">;
  readonly clock: Clock;
  readonly random: Random;
  /** It is over. */
  readonly stopped?: () => void;
};

export type LiveCaptureEvent =
  | ListenSocketEvent
  /** A stretch was handed over for upload, and live sound goes on in a new session. */
  | { readonly type: "handed_over"; readonly sessionId: string };

export interface LiveCaptureStatus {
  readonly link: ListenStatus;
  /** Frames of this session that the live way has not delivered. What was handed over meanwhile may be there by upload. */
  readonly unacknowledgedFrames: number;
  readonly conversationId: string | null;
  /** False: the server acknowledges nothing, so everything is kept until the transcript covers it. */
  readonly acknowledges: boolean | undefined;
}

/** A link that is away for longer than this is not waited for: what was captured goes up by itself. */
const REPLAY_WORTH_MS = 120_000;
/** How long the end of a capture waits for the last acknowledgements. */
const DRAIN_MS = 10_000;
/** When a roll-over that had no room is tried again. */
const ROLL_AGAIN_MS = 30_000;
/** When a sign-in that the server refused is tried again, where one is asked for before every connection. */
const SIGN_IN_AGAIN_MS = 300_000;
/** How long the finished conversation of a server that acknowledges nothing is waited for (reference client-sync 9.10). */
const CONVERSATION_MS = 30_000;

export class LiveCapture {
  readonly #options: LiveCaptureOptions;
  readonly #listeners = new Listeners<[event: LiveCaptureEvent]>();
  /** Ways out of the engine and of the log. */
  readonly #ends: readonly (() => void)[];
  /** Sessions whose recordings are for the live way. */
  readonly #held = new Set<string>();
  #session: CaptureSession;
  #socket: ListenSocket;
  #conversationId: string | null = null;
  #awayTimer: Timer | undefined;
  /** Messages acknowledged when the link last came further. */
  #reached = 0;
  /** The link was away for too long: this session is for upload. */
  #isHandedOver = false;
  #refusedSignIn = false;
  #stopping: Promise<void> | undefined;
  /** Nobody waits for the server any more. */
  readonly #hurry = new AbortController();
  #rolling: Promise<void> | undefined;
  /** Conversations of this session that were finished. */
  #ended: Conversation[] = [];
  #conversationEnded: ((conversation: Conversation) => void) | undefined;

  private constructor(options: LiveCaptureOptions, session: CaptureSession) {
    this.#options = options;
    this.#session = session;
    this.#held.add(session.id);
    this.#socket = this.#open(session);
    this.#ends = [
      options.engine.hold((recording) => this.#holds(recording)),
      options.log.on((event) => this.#belongs(event)),
    ];
  }

  /** Throws what the log says when there is no room to record. */
  static async begin(options: LiveCaptureOptions): Promise<LiveCapture> {
    return new LiveCapture(options, await beginSession(options));
  }

  get sessionId(): string {
    return this.#session.id;
  }

  get status(): LiveCaptureStatus {
    const { start, end } = this.#session.messages;
    return {
      ...{ link: this.#socket.status, unacknowledgedFrames: end - start },
      ...{ conversationId: this.#conversationId, acknowledges: this.#socket.acknowledges },
    };
  }

  /** Hears every event from now on; returns the way out. */
  on(listener: (event: LiveCaptureEvent) => void): () => void {
    return this.#listeners.on(listener);
  }

  /** Takes one encoded frame over. `atMs`: wall time at which its last sample was heard; default now. */
  append(frame: Uint8Array, atMs?: number): void {
    this.#session.append(wholeAudioMessage(this.#options.facts.codec, frame), atMs);
    if (this.#socket.acknowledges !== false) this.#watchAway();
  }

  /**
   * Ends the capture: resolves when every frame is in the log for good and the live way is closed. What the server did not
   * acknowledge in the time given is uploaded; nothing is lost by a short time. Rejects where the storage takes no more; what
   * was written is safe all the same. Idempotent.
   */
  stop(drainMs: number = DRAIN_MS): Promise<void> {
    if (drainMs === 0) this.#hurry.abort();
    this.#stopping ??= this.#stop(drainMs);
    return this.#stopping;
  }

  async #stop(drainMs: number): Promise<void> {
    this.#awayTimer?.cancel();
    try {
      await this.#rolling;
      await this.#session.seal();
      await this.#drain(drainMs);
      const isSilent = this.#socket.acknowledges === false;
      if (isSilent && this.#socket.status === "open") await this.#finishedConversation();
      this.#socket.close();
      await this.#session.close();
      if (isSilent) for (const conversation of this.#ended) await this.#confirmCovered(conversation);
    } finally {
      // Also where the disk takes nothing: what is held in memory is written later, and goes by upload.
      this.#socket.close();
      this.#held.clear();
      for (const end of this.#ends) end();
      this.#options.stopped?.();
      this.#options.engine.wake("recording_sealed");
    }
  }

  get #isStopped(): boolean {
    return this.#stopping !== undefined;
  }

  #open(session: CaptureSession): ListenSocket {
    const { log: _log, engine: _engine, facts, ...rest } = this.#options;
    const { codec, sampleRate } = facts;
    const socket = new ListenSocket({ ...rest, recordingId: session.id, codec, sampleRate, log: session.messages });
    socket.on((event) => {
      if (socket === this.#socket) this.#hear(event);
    });
    // The first status comes before the constructor has ended.
    this.#socket = socket;
    this.#watchAway();
    socket.start();
    return socket;
  }

  #hear(event: ListenSocketEvent): void {
    if (event.type === "status") this.#statusChanged(event.status, event.error);
    if (event.type === "audio_ack" || event.type === "service_status") this.#progressed();
    if (event.type === "conversation_session") void this.#conversationIs(event.conversation_id).catch(() => {});
    if (event.type === "memory_created") {
      this.#ended.push(event.memory);
      this.#conversationEnded?.(event.memory);
    }
    this.#listeners.tell(event);
  }

  #statusChanged(status: ListenStatus, error: HoldfastError | null): void {
    if (status === "open") {
      if (this.#isHandedOver) this.#rollOver();
      else this.#progressed();
      return;
    }
    this.#watchAway();
    if (status !== "ended" || error === null) return;
    this.#handOver();
    this.#refusedSignIn = error.class === "auth";
    if (this.#refusedSignIn && typeof this.#options.token === "function") this.#rollOverIn(SIGN_IN_AGAIN_MS);
  }

  /** The sign-in was renewed: live sound goes on where a refused one had ended it. */
  signedIn(): void {
    if (this.#refusedSignIn && !this.#isStopped) this.#rollOver();
  }

  /** A link that opens and delivers nothing is as good as none. */
  #progressed(): void {
    const { start, end } = this.#session.messages;
    if (start === this.#reached && start < end && this.#socket.acknowledges !== false) return;
    this.#reached = start;
    this.#awayTimer?.cancel();
    this.#awayTimer = undefined;
  }

  #watchAway(): void {
    if (this.#isStopped || this.#isHandedOver) return;
    this.#awayTimer ??= this.#options.clock.after(REPLAY_WORTH_MS, () => this.#handOver());
  }

  /** From here on this session belongs to the sync engine; capture goes on in it. */
  #handOver(): void {
    if (this.#isHandedOver || this.#isStopped) return;
    this.#isHandedOver = true;
    this.#session.cut().catch(() => {});
    this.#held.delete(this.#session.id);
    this.#listeners.tell({ type: "handed_over", sessionId: this.#session.id });
    this.#options.engine.wake("recording_sealed");
    if (this.#socket.status === "open") this.#rollOver();
  }

  /** The link is back: live sound goes on in a session of its own. */
  #rollOver(): void {
    const old = this.#socket;
    old.close();
    this.#rolling ??= this.#begunAnew(old)
      .catch(() => {
        // No room for a new session: capture goes on in this one, and live tries again later.
        this.#rollOverIn(ROLL_AGAIN_MS);
      })
      .finally(() => {
        this.#rolling = undefined;
      });
  }

  #rollOverIn(delayMs: number): void {
    this.#awayTimer?.cancel();
    if (!this.#isStopped) this.#awayTimer = this.#options.clock.after(delayMs, () => this.#rollOver());
  }

  async #begunAnew(old: ListenSocket): Promise<void> {
    const session = await beginSession(this.#options);
    const before = this.#session;
    if (this.#isStopped || this.#socket !== old) return await session.seal();
    this.#held.add(session.id);
    this.#session = session;
    this.#ended = [];
    this.#isHandedOver = false;
    this.#refusedSignIn = false;
    this.#reached = 0;
    this.#awayTimer?.cancel();
    this.#awayTimer = undefined;
    this.#conversationId = null;
    this.#open(session);
    await before.seal().then(
      () => before.close(),
      () => {},
    );
    this.#options.engine.wake("recording_sealed");
  }

  #holds({ sessionId }: Recording): boolean {
    return sessionId !== null && this.#held.has(sessionId);
  }

  /** A conversation began: what is captured from now on belongs to it. */
  async #conversationIs(id: string): Promise<void> {
    if (this.#conversationId === id) return;
    const isFirst = this.#conversationId === null;
    this.#conversationId = id;
    if (!isFirst) return await this.#session.cut();
    const mine = [...this.#options.log.recordings.values()].filter(({ sessionId }) => sessionId === this.#session.id);
    await this.#options.log.stamp(
      mine.map((recording) => recording.id),
      id,
    );
  }

  /** A recording knows its conversation from its first frame on, so that a crash does not divide the two. */
  #belongs(event: RecordingLogEvent): void {
    if (event.type !== "recording_added" || this.#conversationId === null) return;
    const { id, sessionId } = event.recording;
    if (sessionId === this.#session.id) void this.#options.log.stamp([id], this.#conversationId).catch(() => {});
  }

  async #drain(drainMs: number): Promise<void> {
    if (this.#socket.acknowledges === false) return;
    const timer = this.#options.clock.after(drainMs, () => this.#hurry.abort());
    try {
      await this.#socket.drain(this.#hurry.signal);
    } catch {
      // What is not acknowledged is uploaded.
    } finally {
      timer.cancel();
    }
  }

  #finishedConversation(): Promise<Conversation | undefined> {
    return new Promise((resolve) => {
      const { signal } = this.#hurry;
      if (signal.aborted) return resolve(undefined);
      const timer = this.#options.clock.after(CONVERSATION_MS, () => resolve(undefined));
      const hurried = (): void => {
        timer.cancel();
        resolve(undefined);
      };
      signal.addEventListener("abort", hurried, { once: true });
      this.#conversationEnded = (conversation) => {
        timer.cancel();
        resolve(conversation);
      };
    });
  }

  async #confirmCovered({ started_at, transcript_segments }: Conversation): Promise<void> {
    const beginMs = started_at === null ? Number.NaN : Date.parse(started_at);
    if (Number.isNaN(beginMs)) return;
    const spans = transcript_segments.map(({ start, end }) => ({
      startMs: beginMs + start * 1000,
      endMs: beginMs + end * 1000,
    }));
    const { log, clock } = this.#options;
    const nowMs = clock.now();
    const covered = [...log.recordings.values()].filter(
      ({ sessionId, startedAtMs, durationMs }) =>
        sessionId === this.#session.id && isCovered({ startMs: startedAtMs, endMs: startedAtMs + durationMs }, spans),
    );
    const finished: RecordingEvent = { type: "finished", nowMs };
    await log.apply(covered.map(({ id }) => [id, finished] as const));
  }
}

async function beginSession({ log, facts, random }: LiveCaptureOptions): Promise<CaptureSession> {
  return await log.begin({ ...facts, sessionId: random.uuid() });
}
