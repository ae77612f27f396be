/**
 * The recogniser stream of one channel of a live session (most have one). It is replaceable at any moment: when a stream ends, a new one is opened after a
 * short backoff and fed again from the watermark on, first with what the store holds, then with what is not durable yet, then
 * live (DESIGN section 3: the transcript is a function of durable audio, not of a lucky socket).
 *
 * States: `waiting` (no stream, a try is due), `opening`, `replaying` (feeding what came before), `live`, `ended`.
 * Results are handled one after the other; a result of a stream that ended still counts, and a new stream is fed only after
 * all of them were handled.
 */
import type { DecodableCodec, Pcm8Layout, StreamResults } from "@holdfast/contract";
import { messageMs, messageOf, splitMessage } from "@holdfast/contract";
import { backoffMs, type Clock, type Log, type Random, sleep, Timeline, type Watermarks } from "@holdfast/core";
import { isDatabaseUnavailable, type StoredChunk } from "@holdfast/store";
import type { StreamEvents, SttStream } from "@holdfast/stt-client";
import type { AudioLog, AudioMessage } from "./audio-log.ts";
import type { Lot, Lots } from "./lots.ts";

/** A stretch of the stream as a moment of the recording. */
export interface RecognisedStretch {
  readonly text: string;
  readonly isFinal: boolean;
  /** Wall times, Unix milliseconds. */
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  /** Length of the speech in the stream; less than its wall times lie apart where the client paused in it. */
  readonly speechMs?: number;
  /** Messages of this channel before this count are closed by it; undefined for partials. */
  readonly messages: number | undefined;
  readonly channel: number;
  readonly speaker: number;
  /** Only of words that did not come from our recogniser: what their maker knows about them. */
  readonly isUser?: boolean;
  readonly personId?: string | null;
  readonly provider?: string;
  /** True once nothing more of its stream may be stored, because a repair or the next stream will have it. */
  readonly isGivenUp?: () => boolean;
}

export type RecogniserState = "waiting" | "opening" | "replaying" | "live" | "ended";

export interface RecogniserOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Durable sound of the recording that holds its messages in [from, to), in order; rejects while the store is away. */
  readonly load: (from: number, to: number) => Promise<StoredChunk[]>;
  readonly codec: DecodableCodec;
  readonly sampleRate: number;
  /** How many channels the recording has, and which of them this is. */
  readonly channels: number;
  readonly channel: number;
  /** Shared by the channels of the recording. */
  readonly watermarks: Watermarks;
  readonly layout: () => Pcm8Layout;
  /** Resolves when `layout` is known; no stream is opened before. */
  readonly formatKnown: Promise<void>;
  readonly audio: AudioLog;
  /** Shared by all sessions of the process. */
  readonly lots: Lots;
  /** Opens a stream to the engine that serves the session now. */
  readonly open: (layout: Pcm8Layout, events: StreamEvents) => SttStream;
  /** Stores a stretch. Called one at a time; must not return before a final is stored. */
  readonly onStretch: (stretch: RecognisedStretch) => Promise<void>;
  /** The stream is gone (`lost`), or words flow (again). */
  readonly onState: (state: "live" | "lost") => void;
}

const BACKOFF = { baseMs: 100, capMs: 5_000, jitter: 0.25 };

/** Sound before the watermark that a new stream hears: voice activity that has heard nobody yet misses short first words. */
const CONTEXT_MS = 2_000;
/** At most; 10 ms each at the shortest. */
const CONTEXT_MESSAGES = 200;

/** Longest wait for the answer to `Finalize` and for the end of a stream. */
const FLUSH_DEADLINE_MS = 8_000;

export class Recogniser {
  readonly #options: RecogniserOptions;
  readonly #stop = new AbortController();
  /** What waits here was not fed: it is in the audio log, and whoever ends a stream may forget it. */
  readonly #lot: Lot<AudioMessage>;
  #state: RecogniserState = "waiting";
  #stream: SttStream | undefined;
  #timeline = new Timeline();
  /**
   * The stream of which nothing more is stored: its sound was given away, a final of it could not be stored, or the session
   * ends. A later result must not move the watermark over words that are not there.
   */
  #givenUp: Timeline | undefined;
  /** Everything before was fed to the stream, or belongs to another channel. */
  #next: number;
  #results: Promise<void> = Promise.resolve();
  #unhandled = 0;
  #flushed: (() => void) | undefined;
  /** Its stream is ending in order and is the last one. */
  #finishing = false;
  #ended: Promise<void>;

  constructor(options: RecogniserOptions) {
    this.#options = options;
    this.#lot = options.lots.open((messages) => this.#takeLot(messages));
    this.#next = this.watermark;
    this.#ended = this.#run();
  }

  get state(): RecogniserState {
    return this.#state;
  }

  /** Own messages before this count are stored or owned by a repair. */
  get watermark(): number {
    return this.#options.watermarks.markOf(this.#options.channel);
  }

  /**
   * Feeds a message that was just taken into the audio log, of this or another channel, together with the next few. What
   * cannot be fed now is fed by the next stream.
   */
  push(message: AudioMessage): void {
    if (this.#state === "live") this.#lot.add(message, message.durationMs);
  }

  /** Asks for everything heard so far to become final, and waits until it is stored, within a deadline. */
  async flush(): Promise<void> {
    if (this.#state !== "live") return;
    const { clock } = this.#options;
    this.#lot.flush();
    const answered = new Promise<void>((resolve) => {
      this.#flushed = resolve;
    });
    this.#stream?.finalize();
    const waited = new AbortController();
    await Promise.race([
      answered,
      sleep(clock, FLUSH_DEADLINE_MS, AbortSignal.any([waited.signal, this.#stop.signal])),
    ]);
    waited.abort();
    this.#flushed = undefined;
    await this.#results;
  }

  /** The stretch up to here now belongs to somebody else (a repair): forget it and start a new stream behind it. */
  skipTo(message: number): void {
    const { watermarks, channel } = this.#options;
    if (!watermarks.isOpenBefore(channel, message)) return;
    watermarks.closed(channel, message);
    watermarks.passed(channel, message);
    this.#givenUp = this.#timeline;
    this.#stream?.abort();
  }

  /** Ends the stream in order: its last words are stored before this resolves, within a deadline. */
  async finish(): Promise<void> {
    this.#finishing = true;
    if (this.#state === "live") {
      this.#lot.flush();
      const deadline = new AbortController();
      await Promise.race([
        this.#stream?.finish().catch(() => {}),
        sleep(this.#options.clock, FLUSH_DEADLINE_MS, deadline.signal),
      ]);
      deadline.abort();
    }
    await this.#results;
    this.abort();
    await this.#ended;
  }

  abort(): void {
    this.#givenUp = this.#timeline;
    this.#stop.abort();
    this.#stream?.abort();
  }

  async #run(): Promise<void> {
    const { clock, random, log } = this.#options;
    let failures = 0;
    await Promise.race([this.#options.formatKnown, new Promise((stopped) => this.#onStop(stopped))]);
    while (!this.#isOver) {
      this.#state = "opening";
      const lived = await this.#runStream().catch((error: unknown) => {
        log.warn({ error: messageOf(error) }, "recogniser stream failed");
        return false;
      });
      this.#stream = undefined;
      this.#lot.forget();
      if (this.#isOver) break;
      this.#state = "waiting";
      failures = lived ? 0 : failures + 1;
      this.#options.onState("lost");
      await sleep(clock, backoffMs(failures, random.next(), BACKOFF), this.#stop.signal);
    }
    this.#state = "ended";
  }

  get #isOver(): boolean {
    return this.#finishing || this.#stop.signal.aborted;
  }

  #onStop(call: (event: Event) => void): void {
    this.#stop.signal.addEventListener("abort", call, { once: true });
  }

  /** One stream from opening to its end. True where it got as far as live. */
  async #runStream(): Promise<boolean> {
    await this.#results;
    if (this.#isOver) return false;
    const timeline = new Timeline();
    this.#timeline = timeline;
    const opened = Promise.withResolvers<boolean>();
    const ended = Promise.withResolvers<false>();
    this.#stream = this.#options.open(this.#options.layout(), {
      onOpen: () => opened.resolve(true),
      onResults: (results) => this.#enqueue(results, timeline),
      onEnd: (end) => {
        if (end.error !== undefined) {
          this.#options.log.warn({ code: end.code, error: end.error.code }, "recogniser stream ended");
        }
        ended.resolve(false);
      },
    });
    if (!(await Promise.race([opened.promise, ended.promise]))) return false;
    this.#state = "replaying";
    const gone = new AbortController();
    const replayed = this.#replay(AbortSignal.any([gone.signal, this.#stop.signal]));
    if (!(await Promise.race([replayed, ended.promise]).finally(() => gone.abort()))) return false;
    await ended.promise;
    this.#flushed?.();
    return true;
  }

  /**
   * Feeds everything between the watermark and now, and is live with the last message, so that none is missed.
   * `gone`: its stream ended; what the store answers later is not for the next one, which reads for itself.
   */
  async #replay(gone: AbortSignal): Promise<boolean> {
    const { audio } = this.#options;
    const context = await this.#contextOf(this.watermark);
    if (gone.aborted) return false;
    this.#stream?.context(context);
    this.#next = this.watermark;
    while (this.#next < audio.durable) {
      const upTo = audio.durable;
      const chunks = await this.#load(this.#next, upTo, gone);
      if (gone.aborted) return false;
      for (const chunk of chunks) this.#feedChunk(chunk);
      if (this.#next < upTo) {
        this.#options.log.error({ from: this.#next, to: upTo }, "durable audio is missing");
        this.#next = upTo;
      }
    }
    for (const message of audio.waitingFrom(this.#next)) this.#take(message);
    this.#state = "live";
    this.#options.onState("live");
    return true;
  }

  /** The last own sound before a message, which was told already. None where the store does not answer: words matter more. */
  async #contextOf(before: number): Promise<Uint8Array[]> {
    const { codec, sampleRate, channels, channel, layout, load } = this.#options;
    if (before === 0) return [];
    const chunks = await load(Math.max(0, before - CONTEXT_MESSAGES * channels), before).catch(() => []);
    const context: Uint8Array[] = [];
    let lengthMs = 0;
    for (const bytes of chunks.flatMap(({ messages }) => messages).reverse()) {
      const part = splitMessage(bytes, channels);
      if (part.channel !== channel) continue;
      lengthMs += messageMs(codec, sampleRate, part.audio, layout());
      if (lengthMs > CONTEXT_MS) break;
      context.unshift(part.audio);
    }
    return context;
  }

  async #load(from: number, to: number, gone: AbortSignal): Promise<StoredChunk[]> {
    const { clock, load } = this.#options;
    while (true) {
      try {
        return await load(from, to);
      } catch (error) {
        if (!isDatabaseUnavailable(error) || gone.aborted) throw error;
        await sleep(clock, 500, gone);
      }
    }
  }

  #feedChunk(chunk: StoredChunk): void {
    const { codec, sampleRate, channels, channel } = this.#options;
    let capturedAtMs = chunk.capturedAtMs;
    chunk.messages.forEach((bytes, offset) => {
      const index = chunk.firstMessage + offset;
      const part = splitMessage(bytes, channels);
      const own = part.channel === channel;
      const durationMs = own ? messageMs(codec, sampleRate, part.audio, this.#options.layout()) : 0;
      if (index >= this.#next) {
        const { conversationId } = chunk;
        this.#take({ index, channel: part.channel, bytes, durationMs, capturedAtMs, conversationId });
      }
      capturedAtMs += durationMs;
    });
  }

  #takeLot(messages: readonly AudioMessage[]): void {
    this.#stream?.together(() => {
      for (const message of messages) {
        if (this.#state === "live" && message.index === this.#next) this.#take(message);
      }
    });
  }

  #take(message: AudioMessage): void {
    const { watermarks, channel, channels } = this.#options;
    if (message.channel === channel) {
      watermarks.received(channel, message.index);
      if (message.index >= this.watermark) this.#feed(message, splitMessage(message.bytes, channels).audio);
    } else {
      watermarks.passed(channel, message.index + 1);
    }
    this.#next = message.index + 1;
  }

  #feed(message: AudioMessage, audio: Uint8Array): void {
    this.#timeline.push(message.index, message.durationMs, message.capturedAtMs);
    // A stream that cannot take a message has a hole from here on: the next one is fed from the watermark again.
    if (this.#stream?.send(audio) !== true) this.#stream?.abort();
  }

  #enqueue(results: StreamResults, timeline: Timeline): void {
    if (!results.is_final && this.#unhandled > 0) return;
    this.#unhandled += 1;
    this.#results = this.#results
      .then(() => this.#handle(results, timeline))
      .catch((error: unknown) => {
        this.#options.log.error({ error: messageOf(error) }, "a recognised stretch could not be stored");
        if (results.is_final) this.#givenUp = timeline;
        this.#stream?.abort();
      })
      .finally(() => {
        this.#unhandled -= 1;
        if (results.from_finalize) this.#flushed?.();
      });
  }

  async #handle(results: StreamResults, timeline: Timeline): Promise<void> {
    const startMs = results.start * 1000;
    const endMs = (results.start + results.duration) * 1000;
    const best = results.channel.alternatives[0];
    const text = best?.transcript.trim() ?? "";
    const spokenFromMs = best?.words?.[0] === undefined ? startMs : best.words[0].start * 1000;
    const spokenToMs = best?.words?.at(-1) === undefined ? endMs : (best.words.at(-1)?.end ?? 0) * 1000;
    const startedAtMs = timeline.wallAt(spokenFromMs);
    const endedAtMs = timeline.wallAt(spokenToMs);
    const speechMs = Math.max(0, spokenToMs - spokenFromMs);
    if (startedAtMs === undefined || endedAtMs === undefined) return;
    const messages = results.is_final ? timeline.messagesBefore(endMs) : undefined;
    const speaker = best?.words?.[0]?.speaker ?? 0;
    const { channel } = this.#options;
    const isFinal = results.is_final;
    const isGivenUp = (): boolean => this.#givenUp === timeline;
    const times = { startedAtMs, endedAtMs, speechMs };
    await this.#options.onStretch({ text, isFinal, ...times, messages, channel, speaker, isGivenUp });
    if (results.is_final) timeline.forget(endMs);
  }
}
