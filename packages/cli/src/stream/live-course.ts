/**
 * One live capture from its first message to its finished conversation: everything goes into the log and over the live route;
 * when the sound is over, wait until it is durable at the server, close, end the conversation by its id (which may be repeated,
 * unlike "stop whatever is open"), upload what the live way could not bring, and wait for the result. Lost connections and a
 * server that is away are waited out; only what the server refuses for good, or the caller's patience, ends it early, and then
 * the log has it.
 */
import {
  emptyTranscript,
  type HoldfastApi,
  type LiveCapture,
  type LiveCaptureEvent,
  type RecordedCodec,
  type RetryOptions,
  reduceTranscript,
  retrying,
  type TranscriptState,
} from "@holdfast/client";
import { type Conversation, type HoldfastError, isHoldfastError } from "@holdfast/contract";
import { sleep } from "@holdfast/core";
import type { CommandContext } from "../connection/run-command.ts";
import type { Account } from "../log/account.ts";
import type { EngineView } from "../sync/engine-view.ts";
import { finishedConversations } from "../sync/results.ts";
import { settle } from "../sync/settle.ts";

/** Takes one encoded message; resolves when more may come. `atMs`: wall time at which its last sample was heard. */
export type TakeMessage = (message: Uint8Array, atMs?: number) => Promise<void>;

export interface LiveOptions {
  readonly account: Account;
  readonly view: EngineView;
  readonly context: Pick<CommandContext, "server" | "clock" | "signal" | "timeoutMs">;
  readonly patience: () => RetryOptions;
  readonly device: string;
  readonly codec: RecordedCodec;
  readonly sampleRate: number;
  readonly messageMs: number;
  readonly language: string;
  /** End the conversation at the end, and wait for it. */
  readonly stop: boolean;
  /** Gives messages until there are no more, or the signal aborts. */
  readonly feed: (take: TakeMessage, signal: AbortSignal) => Promise<void>;
  /** A refused token ends it. Otherwise it goes on without the live route, for sound that is heard only once. */
  readonly endsWhenRefused: boolean;
  readonly onEvent?: (event: LiveCaptureEvent, transcript: TranscriptState) => void;
  /** Everything that was heard is durable at the server: so many messages. */
  readonly onDrained?: (messages: number) => void;
  /** The sound is over. */
  readonly onHeard?: () => void;
}

export interface LiveOutcome {
  /** Conversations of this sound, in order; more than one where a long silence lay between. */
  readonly conversationIds: readonly string[];
  readonly transcript: TranscriptState;
  /** The finished conversation; undefined without `stop`, or where nothing was said in it. */
  readonly conversation: Conversation | undefined;
}

/** How long the words of the end may take to come before the socket is closed. They are not lost later: REST has them. */
const LAST_WORDS_MS = 1_500;
/** A live way on which nothing moves for so long is not waited for: the rest is uploaded. */
const STALLED_MS = 15_000;
/** Messages that may wait for the disk. */
const MAX_UNWRITTEN = 1_000;
const LOOK_MS = 50;

export async function runLive(options: LiveOptions): Promise<LiveOutcome> {
  const course = new LiveCourse(options, await beginCapture(options));
  return await course.run();
}

async function beginCapture({
  account,
  codec,
  sampleRate,
  messageMs,
  language,
  device,
}: LiveOptions): Promise<LiveCapture> {
  const frameSamples = (sampleRate * messageMs) / 1000;
  return await account.capture({ codec, sampleRate, channels: 1, frameSamples, device, language, source: "desktop" });
}

class LiveCourse {
  readonly #options: LiveOptions;
  readonly #capture: LiveCapture;
  readonly #refused = new AbortController();
  /** Messages by session: taken over, and written. */
  readonly #taken = new Map<string, number>();
  readonly #written = new Map<string, number>();
  readonly #ids: string[] = [];
  #transcript = emptyTranscript;
  #lastChangeMs = 0;
  #refusal: HoldfastError | undefined;
  #wasOpen = false;

  constructor(options: LiveOptions, capture: LiveCapture) {
    this.#options = options;
    this.#capture = capture;
    capture.on((event) => this.#hear(event));
    options.account.own.on((event) => {
      if (event.type === "captured") this.#written.set(event.sessionId, event.frames);
    });
  }

  async run(): Promise<LiveOutcome> {
    const { feed, stop, onHeard, context } = this.#options;
    await feed((message, atMs) => this.#take(message, atMs), AbortSignal.any([this.#refused.signal, context.signal]));
    onHeard?.();
    await this.#drained();
    await this.#lastWords();
    // A server without acknowledgements tells what it made of the sound on the socket, once the conversation is ended.
    if (stop && this.#capture.status.acknowledges === false) await this.#end();
    await this.#capture.stop(0);
    if (this.#refusal !== undefined) throw this.#refusal;
    const conversation = stop && this.#wasOpen ? await this.#end() : undefined;
    const uploaded = await this.#uploadRest();
    const conversationIds = [...new Set([...this.#ids, ...uploaded])];
    if (!stop || uploaded.length === 0) return { conversationIds, transcript: this.#transcript, conversation };
    // What was uploaded may have changed it, or made another.
    const [whole] = await finishedConversations(conversation === undefined ? uploaded : [conversation.id], {
      server: context.server,
      patience: this.#options.patience,
    });
    return { conversationIds, transcript: this.#transcript, conversation: whole ?? conversation };
  }

  #hear(event: LiveCaptureEvent): void {
    const { clock } = this.#options.context;
    if (event.type === "handed_over") {
      this.#options.onEvent?.(event, this.#transcript);
      return;
    }
    if (event.type === "conversation_session" && !this.#ids.includes(event.conversation_id)) {
      this.#ids.push(event.conversation_id);
    }
    const next = reduceTranscript(this.#transcript, event);
    if (next !== this.#transcript) this.#lastChangeMs = clock.now();
    this.#transcript = next;
    if (event.type === "status" && event.status === "open") this.#wasOpen = true;
    const isRefused = event.type === "status" && event.status === "ended" && event.error?.class === "auth";
    if (isRefused && this.#options.endsWhenRefused) {
      this.#refusal = event.error ?? undefined;
      this.#refused.abort();
    }
    this.#options.onEvent?.(event, this.#transcript);
  }

  async #take(message: Uint8Array, atMs: number | undefined): Promise<void> {
    const { sessionId } = this.#capture;
    this.#taken.set(sessionId, (this.#taken.get(sessionId) ?? 0) + 1);
    this.#capture.append(message, atMs);
    const { clock, signal } = this.#options.context;
    while (this.#unwritten() > MAX_UNWRITTEN && !signal.aborted) await sleep(clock, LOOK_MS, signal);
  }

  #unwritten(): number {
    const { sessionId } = this.#capture;
    return (this.#taken.get(sessionId) ?? 0) - (this.#written.get(sessionId) ?? 0);
  }

  /** While something moves, it is waited for. */
  async #drained(): Promise<void> {
    const { clock, signal, timeoutMs } = this.#options.context;
    let left = Number.NaN;
    let movedMs = clock.now();
    for (;;) {
      const { unacknowledgedFrames, acknowledges, link } = this.#capture.status;
      const now = this.#unwritten() + unacknowledgedFrames;
      if (now === 0) return this.#tellDrained();
      if (now !== left) movedMs = clock.now();
      left = now;
      const isStalled = clock.now() - movedMs >= Math.min(STALLED_MS, timeoutMs);
      if (isStalled || acknowledges === false || link === "ended" || signal.aborted) return;
      await sleep(clock, LOOK_MS, signal);
    }
  }

  #tellDrained(): void {
    const messages = [...this.#taken.values()].reduce((sum, count) => sum + count, 0);
    if (messages > 0) this.#options.onDrained?.(messages);
  }

  async #lastWords(): Promise<void> {
    const { clock, signal } = this.#options.context;
    if (this.#capture.status.link !== "open") return;
    const until = clock.now() + LAST_WORDS_MS * 2;
    while (clock.now() < Math.min(this.#lastChangeMs + LAST_WORDS_MS, until) && !signal.aborted) {
      await sleep(clock, LOOK_MS, signal);
    }
  }

  async #end(): Promise<Conversation | undefined> {
    const { patience, context } = this.#options;
    const id = this.#ids.at(-1) ?? this.#capture.sessionId;
    try {
      await retrying(() => finalize(context.server.api, id, patience()), patience());
      return (await finishedConversations([id], { server: context.server, patience }))[0];
    } catch (error) {
      // A conversation without a word is removed.
      if (isHoldfastError(error) && (error.code === "not_found" || error.code === "conversation_not_found")) return;
      throw error;
    }
  }

  /** Resolves with the conversations that came of it. */
  async #uploadRest(): Promise<string[]> {
    const { account, view, context, stop } = this.#options;
    const sessions = new Set(this.#taken.keys());
    const rest = [...account.log.recordings.values()].filter(
      ({ sessionId, status, syncedAtMs }) =>
        sessionId !== null && sessions.has(sessionId) && (status !== "synced" || syncedAtMs > 0),
    );
    const ids = rest.map(({ id }) => id);
    await settle(() => ids, { account, view, ...context, wait: stop });
    return [...new Set(ids.flatMap((id) => view.conversationsOf(id)))];
  }
}

async function finalize(api: HoldfastApi, id: string, { signal }: RetryOptions): Promise<Conversation> {
  return await api.finalizeConversation(id, signal);
}
