/**
 * Makes the audio of one session durable. Messages are grouped into chunks of about half a second, written one after the
 * other (together with those of other sessions, see `audio-writer.ts`), and only then reported (laws L1, L8). While the database cannot be reached they wait here, bounded: above the limit
 * `isFull` asks the session to stop reading from its client. Another socket that takes the recording over fences this one.
 */
import { AUDIO_LOG, messageOf, type Pcm8Layout, writeFrames } from "@holdfast/contract";
import { type Clock, type Log, sleep, type Timer } from "@holdfast/core";
import { isDatabaseUnavailable, type RecordingHold } from "@holdfast/store";
import type { AudioWriter } from "./audio-writer.ts";

export interface AudioMessage {
  /** Number of audio messages of the recording before this one. */
  readonly index: number;
  /** `ONLY_CHANNEL`, or the channel that the first of the bytes names. */
  readonly channel: number;
  readonly bytes: Uint8Array;
  readonly durationMs: number;
  /** Wall time of its first sample. */
  readonly capturedAtMs: number;
  readonly conversationId: string;
}

export interface AudioLogOptions {
  readonly writer: AudioWriter;
  readonly clock: Clock;
  readonly log: Log;
  readonly hold: RecordingHold;
  readonly codec: string;
  readonly sampleRate: number;
  readonly channels: number;
  readonly layout: () => Pcm8Layout;
  /** The first `count` messages of the recording are durable. */
  readonly onDurable: (count: number) => void;
  /** This socket may write nothing any more. */
  readonly onFenced: () => void;
  readonly onFailure: (error: unknown) => void;
}

const RETRY_MS = 500;

/** Sound on either side of a longer jump in wall time goes into different chunks. */
const MAX_JUMP_MS = 50;

export class AudioLog {
  readonly #options: AudioLogOptions;
  readonly #stop = new AbortController();
  #waiting: AudioMessage[] = [];
  #waitingBytes = 0;
  #durable: number;
  #timer: Timer | undefined;
  #writing: Promise<void> | undefined;

  constructor(options: AudioLogOptions) {
    this.#options = options;
    this.#durable = options.hold.durableMessages;
  }

  /** Count of the recording's messages that are in the store. */
  get durable(): number {
    return this.#durable;
  }

  get isFull(): boolean {
    return this.#waitingBytes > AUDIO_LOG.maxUnflushedBytes;
  }

  /** Messages not yet durable, from this index on. */
  waitingFrom(index: number): AudioMessage[] {
    return this.#waiting.filter((message) => message.index >= index);
  }

  push(message: AudioMessage): void {
    this.#waiting.push(message);
    this.#waitingBytes += message.bytes.length;
    if (this.#waitingBytes >= AUDIO_LOG.flushBytes) this.#write();
    else this.#schedule();
  }

  /** Resolves when everything pushed so far is durable, or when the log was closed or fenced. */
  async flush(): Promise<void> {
    const last = this.#waiting.at(-1)?.index ?? -1;
    while (this.#durable <= last && this.#waiting.length > 0 && !this.#stop.signal.aborted) {
      this.#write();
      await this.#writing;
    }
  }

  /** Gives up what is not durable: it was never acknowledged, so its client still has it. */
  close(): void {
    this.#stop.abort();
    this.#timer?.cancel();
  }

  /** Writes what waits now. What comes meanwhile waits for its own half second, so that chunks stay large. */
  #write(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#writing ??= this.#writeWaiting().finally(() => {
      this.#writing = undefined;
      if (this.#waiting.length > 0 && !this.#stop.signal.aborted) this.#schedule();
    });
  }

  #schedule(): void {
    this.#timer ??= this.#options.writer.onBeat(() => this.#write());
  }

  async #writeWaiting(): Promise<void> {
    const last = this.#waiting.at(-1)?.index ?? -1;
    try {
      while (this.#durable <= last && !this.#stop.signal.aborted) await this.#writeChunk(this.#nextChunk());
    } catch (error) {
      this.close();
      this.#options.onFailure(error);
    }
  }

  /** The longest run of waiting messages of one conversation without a jump in time, up to the size of a chunk. */
  #nextChunk(): AudioMessage[] {
    const chunk: AudioMessage[] = [];
    const endsMs = new Map<number, number>();
    let bytes = 0;
    for (const message of this.#waiting) {
      const first = chunk[0] ?? message;
      // Each channel runs on its own clock; one that begins within a chunk must begin with it.
      const expectedMs = endsMs.get(message.channel) ?? first.capturedAtMs;
      const jump = message.durationMs === 0 ? 0 : message.capturedAtMs - expectedMs;
      if (message.conversationId !== first.conversationId || jump > MAX_JUMP_MS) break;
      if (bytes > AUDIO_LOG.flushBytes) break;
      chunk.push(message);
      endsMs.set(message.channel, message.capturedAtMs + message.durationMs);
      bytes += message.bytes.length;
    }
    return chunk;
  }

  async #writeChunk(messages: readonly AudioMessage[]): Promise<void> {
    const [first] = messages;
    if (first === undefined) return;
    const outcome = await this.#append(first, messages);
    if (this.#stop.signal.aborted) return;
    if (outcome === "fenced") {
      this.close();
      this.#options.onFenced();
      return;
    }
    this.#waiting = this.#waiting.slice(messages.length);
    this.#waitingBytes = this.#waiting.reduce((sum, message) => sum + message.bytes.length, 0);
    this.#durable = first.index + messages.length;
    this.#options.onDurable(this.#durable);
  }

  async #append(first: AudioMessage, messages: readonly AudioMessage[]): Promise<"stored" | "fenced"> {
    const { writer, clock, hold, log } = this.#options;
    const chunk = {
      userId: hold.userId,
      sessionId: hold.id,
      epoch: hold.epoch,
      firstMessage: first.index,
      messageCount: messages.length,
      durationMs: lengthMs(messages),
      capturedAtMs: first.capturedAtMs,
      conversationId: first.conversationId,
      codec: this.#options.codec,
      sampleRate: this.#options.sampleRate,
      layout: this.#options.layout(),
      channels: this.#options.channels,
      payload: writeFrames(messages.map((message) => message.bytes)),
    };
    while (!this.#stop.signal.aborted) {
      try {
        return await writer.append(chunk);
      } catch (error) {
        if (!isDatabaseUnavailable(error)) throw error;
        log.warn({ error: messageOf(error), waiting: this.#waiting.length }, "audio waits for the database");
        await sleep(clock, RETRY_MS, this.#stop.signal);
      }
    }
    return "fenced";
  }
}

/** Of the longest channel. */
function lengthMs(messages: readonly AudioMessage[]): number {
  const lengths = new Map<number, number>();
  for (const { channel, durationMs } of messages) lengths.set(channel, (lengths.get(channel) ?? 0) + durationMs);
  return Math.max(0, ...lengths.values());
}
