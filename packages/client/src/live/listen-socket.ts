/**
 * The live socket of one recording. It sends what the message log holds, in order, and releases a message only when the
 * server said that it is durable (law L8); after a broken connection it names the first message it sends (`first_sequence`)
 * and sends everything unacknowledged again, of which the server drops what it has. The machine in `link.ts` decides when to
 * connect, wait and give up; this class only carries its decisions out and turns frames into typed events.
 *
 * One recording id belongs to one log: a new log under an old id would be taken for repeats.
 */
import { CLOSE, HoldfastError, type ListenCodec, type ListenEvent, type Segment } from "@holdfast/contract";
import type { Clock, Random, Timer } from "@holdfast/core";
import { Listeners } from "../listeners.ts";
import { closeMeaning } from "./close-meaning.ts";
import { type LinkEvent, type LinkState, stepLink } from "./link.ts";
import { MemoryMessageLog, type MessageLog } from "./message-log.ts";
import { wholeAudioMessage } from "./opus-padding.ts";
import { parseServerMessage } from "./server-message.ts";
import type { CloseInfo, Connect, SocketLike } from "./socket.ts";

export type ListenStatus = LinkState["name"];

export type ListenSocketEvent =
  /** Where the link is; `retryInMs` while it waits, `error` what ended the last connection. */
  | {
      readonly type: "status";
      readonly status: ListenStatus;
      readonly failures: number;
      readonly retryInMs: number | null;
      readonly error: HoldfastError | null;
    }
  /** New or changed segments; put them into a transcript by id. */
  | { readonly type: "segments"; readonly segments: readonly Segment[] }
  | Exclude<ListenEvent, { type: "auth_response" }>
  | { readonly type: "unknown"; readonly body: unknown };

export interface ListenSocketOptions {
  /** Base URL of the server. */
  readonly server: string;
  /** A token, or a function that is asked for one before every connection. */
  readonly token: string | (() => string | Promise<string>);
  /** UUID of the recording; becomes the id of its first conversation. */
  readonly recordingId: string;
  readonly codec: ListenCodec;
  readonly sampleRate: number;
  readonly language?: string;
  readonly source?: string;
  readonly conversationTimeoutSeconds?: number;
  readonly connect: Connect;
  readonly clock: Clock;
  readonly random: Random;
  /** Default: in memory. */
  readonly log?: MessageLog;
}

/** Sending stops while the transport holds more than this, so that memory does not hold the recording twice. */
const MAX_BUFFERED_BYTES = 1_048_576;
const BUFFER_POLL_MS = 50;
/** A close that comes later is not the one that was announced. */
const WISH_HOLDS_MS = 60_000;

interface Waiter {
  resolve(): void;
  reject(error: HoldfastError): void;
}

export class ListenSocket {
  readonly #options: ListenSocketOptions;
  readonly #log: MessageLog;
  readonly #listeners = new Listeners<[event: ListenSocketEvent]>();
  readonly #waiters = new Set<Waiter>();
  #state: LinkState = { name: "idle" };
  #deadline: Timer | undefined;
  #pumpTimer: Timer | undefined;
  #socket: SocketLike | undefined;
  /** Grows with every connection; what an older one still says is not heard. */
  #generation = 0;
  /** Sequence of the next message to send on this connection. */
  #next = 0;
  /** The first message that was never sent on any connection: nobody can have it. */
  #sentEnd = 0;
  /** A wish of the server (`service_status` with `retry_after`) for the time after the close that it announces, and when it came. */
  #wish: { readonly retryAfterMs: number; readonly saidMs: number } | undefined;
  /** Undefined until an acknowledgement came, or the server was ready without one: ours makes the first before it is. */
  #acknowledges: boolean | undefined;
  #unsubscribe: (() => void) | undefined;

  constructor(options: ListenSocketOptions) {
    this.#options = { ...options, recordingId: options.recordingId.toLowerCase() };
    this.#log = options.log ?? new MemoryMessageLog();
  }

  get status(): ListenStatus {
    return this.#state.name;
  }

  /**
   * Whether the server says what is durable. A server that does not is never sent anything twice, since it could not know a
   * repeat; what it lost is only in the log. Undefined as long as nobody can tell.
   */
  get acknowledges(): boolean | undefined {
    return this.#acknowledges;
  }

  /** Messages and bytes that the server has not acknowledged. */
  get unacknowledged(): { readonly messages: number; readonly bytes: number } {
    return { messages: this.#log.end - this.#log.start, bytes: this.#log.bytes };
  }

  /** Hears every event from now on; returns the way out. A listener that throws hurts nobody else. */
  on(listener: (event: ListenSocketEvent) => void): () => void {
    return this.#listeners.on(listener);
  }

  start(): void {
    this.#unsubscribe ??= this.#log.onReadable?.(() => this.#pump());
    this.#step({ type: "start" });
  }

  /** Takes one encoded message; it is sent now or as soon as there is a connection. Never drops. */
  send(message: Uint8Array): void {
    this.#log.append(wholeAudioMessage(this.#options.codec, message));
    this.#pump();
  }

  /**
   * Resolves when every message taken so far and later is durable at the server. Rejects with the HoldfastError that ended the
   * link, with `closed` after `close()`, or with `drain_aborted` when the signal aborts; the log then still holds the rest.
   */
  drain(signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const aborted = (): void =>
        finish(() => reject(transport("drain_aborted", "waiting for the server was given up")));
      const finish = (settle: () => void): void => {
        this.#waiters.delete(waiter);
        signal?.removeEventListener("abort", aborted);
        settle();
      };
      const waiter: Waiter = { resolve: () => finish(resolve), reject: (error) => finish(() => reject(error)) };
      this.#waiters.add(waiter);
      signal?.addEventListener("abort", aborted, { once: true });
      if (signal?.aborted === true) aborted();
      this.#settleWaiters();
    });
  }

  /** Ends the link for good. What was not acknowledged stays in the log. Idempotent. */
  close(): void {
    this.#step({ type: "stop" });
  }

  #step(event: LinkEvent): void {
    const before = this.#state;
    const step = stepLink(before, event, this.#options.random.next());
    this.#state = step.state;
    if (step.deadline !== "keep") {
      this.#deadline?.cancel();
      this.#deadline =
        step.deadline === null
          ? undefined
          : this.#options.clock.after(step.deadline, () => this.#step({ type: "deadline" }));
    }
    if (step.act === "disconnect") this.#disconnect();
    if (step.act === "connect") void this.#connect();
    if (before.name !== step.state.name) this.#announce(step.state);
    this.#settleWaiters();
  }

  async #connect(): Promise<void> {
    this.#generation += 1;
    const generation = this.#generation;
    const mine = (): boolean => this.#generation === generation;
    try {
      const { token } = this.#options;
      const value = typeof token === "string" ? token : await token();
      if (!mine() || this.#state.name !== "connecting") return;
      const first = this.#acknowledges === false ? this.#next : this.#log.start;
      this.#next = first;
      this.#socket = this.#options.connect(
        { server: this.#options.server, token: value, query: this.#query(first) },
        {
          opened: () => {
            if (!mine()) return;
            this.#step({ type: "opened" });
            this.#pump();
          },
          message: (text) => {
            if (mine()) this.#hear(text);
          },
          closed: (info) => {
            if (mine()) this.#lost(info);
          },
        },
      );
    } catch (cause) {
      // A token that cannot be fetched, or an address that the transport refuses to open.
      if (!mine()) return;
      const error = new HoldfastError("no connection could be opened", {
        code: "connect_failed",
        class: "transport",
        scope: "service",
        cause,
      });
      this.#step({ type: "lost", error, fatal: false });
    }
  }

  #query(first: number): Record<string, string> {
    const { codec, sampleRate, language, source, conversationTimeoutSeconds, recordingId } = this.#options;
    return {
      ...(language === undefined ? {} : { language }),
      sample_rate: String(sampleRate),
      codec,
      ...(source === undefined ? {} : { source }),
      ...(conversationTimeoutSeconds === undefined ? {} : { conversation_timeout: String(conversationTimeoutSeconds) }),
      client_conversation_id: recordingId,
      audio_ack: "enabled",
      first_sequence: String(first),
    };
  }

  #disconnect(): void {
    this.#generation += 1;
    this.#pumpTimer?.cancel();
    this.#pumpTimer = undefined;
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.close(CLOSE.normal, "");
  }

  #lost(info: CloseInfo): void {
    const wish = this.#wish;
    this.#wish = undefined;
    const isFresh = wish !== undefined && this.#options.clock.now() - wish.saidMs <= WISH_HOLDS_MS;
    const hint = isFresh ? wish.retryAfterMs : undefined;
    const error = closeMeaning(
      info.retryAfterMs === undefined && hint !== undefined ? { ...info, retryAfterMs: hint } : info,
    );
    const isStale = error.code === "token_expired" || (error.code === "unauthorized" && this.#failures < 3);
    const canRefresh = isStale && typeof this.#options.token === "function";
    this.#step({ type: "lost", error, fatal: !error.retryable && !canRefresh });
  }

  get #failures(): number {
    return "failures" in this.#state ? this.#state.failures : 0;
  }

  #pump(): void {
    if (this.#state.name !== "open" || this.#pumpTimer !== undefined) return;
    const socket = this.#socket;
    if (socket === undefined) return;
    while (this.#next < this.#log.end) {
      if (socket.bufferedAmount > MAX_BUFFERED_BYTES) {
        this.#pumpTimer = this.#options.clock.after(BUFFER_POLL_MS, () => {
          this.#pumpTimer = undefined;
          this.#pump();
        });
        return;
      }
      const message = this.#log.read(this.#next);
      if (message === undefined) return;
      this.#next += 1;
      this.#sentEnd = Math.max(this.#sentEnd, this.#next);
      try {
        socket.send(message);
      } catch {
        this.#next -= 1;
        this.#lost({ code: 1006, reason: "the transport refused a message" });
        return;
      }
    }
  }

  #hear(text: string): void {
    this.#step({ type: "heard" });
    const message = parseServerMessage(text);
    if (message.kind === "event") this.#hearEvent(message.event);
    if (message.kind === "unknown") this.#listeners.tell({ type: "unknown", body: message.body });
    if (message.kind === "segments" && message.segments.length > 0) {
      this.#acknowledges ??= false;
      this.#listeners.tell({ type: "segments", segments: message.segments });
    }
  }

  #hearEvent(event: ListenEvent): void {
    if (event.type === "auth_response") return;
    if (event.type === "audio_ack") {
      if (event.recording_session_id.toLowerCase() !== this.#options.recordingId) return;
      this.#acknowledged(event.sequence);
    }
    if (event.type === "service_status" && event.status === "ready") this.#acknowledges ??= false;
    if (event.type === "service_status" && event.retry_after !== undefined) {
      this.#wish = { retryAfterMs: event.retry_after * 1000, saidMs: this.#options.clock.now() };
    }
    this.#listeners.tell(event);
  }

  #acknowledged(sequence: number): void {
    this.#acknowledges = true;
    if (sequence <= this.#log.start) return;
    this.#log.release(Math.min(sequence, this.#sentEnd));
    this.#next = Math.max(this.#next, this.#log.start);
    this.#step({ type: "progress" });
  }

  #settleWaiters(): void {
    const state = this.#state;
    if (state.name === "ended") this.#unsubscribe?.();
    if (this.#log.start === this.#log.end) for (const waiter of [...this.#waiters]) waiter.resolve();
    if (state.name !== "ended") return;
    const error = state.error ?? transport("closed", "the live link was closed");
    for (const waiter of [...this.#waiters]) waiter.reject(error);
  }

  #announce(state: LinkState): void {
    this.#listeners.tell({
      type: "status",
      status: state.name,
      failures: "failures" in state ? state.failures : 0,
      retryInMs: state.name === "waiting" ? state.waitMs : null,
      error: "error" in state ? state.error : null,
    });
  }
}

function transport(code: string, message: string): HoldfastError {
  return new HoldfastError(message, { code, class: "transport", scope: "service" });
}
