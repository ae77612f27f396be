/**
 * Turns the binary messages of a client into numbered, timed audio messages: tells keep-alives from audio, drops what a
 * replay repeats, decides what `pcm8` means on this socket, and gives each message its channel and its wall time. Messages
 * of a channel nobody knows are counted and have no length; they keep their number, because the client counts them too.
 */
import {
  AUDIO_LOG,
  channelOf,
  type DecodableCodec,
  detectPcm8Layout,
  LISTEN,
  messageMs,
  type Pcm8Layout,
  splitMessage,
} from "@holdfast/contract";
import { captureTime } from "@holdfast/core";
import type { AudioMessage } from "./audio-log.ts";

/** Bytes of `pcm8` needed to tell its two meanings apart. */
const LAYOUT_BYTES = 1_600;

export interface IntakeOptions {
  readonly codec: DecodableCodec;
  readonly sampleRate: number;
  readonly channels: number;
  /** Count of the recording's messages that are durable already. */
  readonly durable: number;
  /** Count of messages before the first one on this socket, if the client says so. */
  readonly firstSequence: number | null;
  /**
   * Where the sound of earlier sockets ends, Unix milliseconds: a replay comes faster than time, so that may lie ahead of now,
   * and what is said next must not come before it.
   */
  readonly recordedUntilMs?: number | undefined;
}

export class Intake {
  readonly #options: IntakeOptions;
  #next: number;
  #repeated: number;
  #layout: Pcm8Layout = "linear8";
  #undecided: { bytes: Uint8Array; arrivedAtMs: number }[] | undefined;
  readonly #endsMs = new Map<number, number>();
  #unknownChannels = 0;
  readonly #formatKnown = Promise.withResolvers<void>();

  constructor(options: IntakeOptions) {
    this.#options = options;
    this.#next = options.durable;
    this.#repeated = options.firstSequence === null ? 0 : Math.max(0, options.durable - options.firstSequence);
    this.#undecided = options.codec === "pcm8" ? [] : undefined;
    if (this.#undecided === undefined) this.#formatKnown.resolve();
  }

  /** Resolves when `layout` is decided: at once but for `pcm8`, which needs a tenth of a second of sound. */
  get formatKnown(): Promise<void> {
    return this.#formatKnown.promise;
  }

  /** False where the client left a hole before its first message: nothing after a hole may be acknowledged. */
  get acknowledgeable(): boolean {
    return this.#options.firstSequence === null || this.#options.firstSequence <= this.#options.durable;
  }

  get layout(): Pcm8Layout {
    return this.#layout;
  }

  /** Messages so far whose channel nobody knows. */
  get unknownChannels(): number {
    return this.#unknownChannels;
  }

  /** The audio messages that this binary message completes: none for keep-alives and repeats, usually one. */
  take(bytes: Uint8Array, arrivedAtMs: number, conversationId: string): AudioMessage[] {
    if (bytes.length <= LISTEN.keepAliveMaxBytes) return [];
    if (this.#repeated > 0) {
      this.#repeated -= 1;
      return [];
    }
    if (this.#undecided === undefined) return [this.#number(bytes, arrivedAtMs, conversationId)];
    this.#undecided.push({ bytes, arrivedAtMs });
    const enough = this.#undecided.reduce((sum, part) => sum + part.bytes.length, 0) >= LAYOUT_BYTES;
    return enough ? this.settle(conversationId) : [];
  }

  /** Decides with what there is (the socket is ending) and returns what waited for the decision. */
  settle(conversationId: string): AudioMessage[] {
    const parts = this.#undecided ?? [];
    if (parts.length === 0) return [];
    this.#undecided = undefined;
    this.#layout = detectPcm8Layout(Buffer.concat(parts.map((part) => part.bytes)).subarray(0, AUDIO_LOG.flushBytes));
    this.#formatKnown.resolve();
    return parts.map((part) => this.#number(part.bytes, part.arrivedAtMs, conversationId));
  }

  #number(bytes: Uint8Array, arrivedAtMs: number, conversationId: string): AudioMessage {
    const { codec, sampleRate, channels } = this.#options;
    const { channel, audio } = splitMessage(bytes, channels);
    const known = channels < 2 || channelOf(channel) !== undefined;
    if (!known) this.#unknownChannels += 1;
    const durationMs = known ? messageMs(codec, sampleRate, audio, this.#layout) : 0;
    const capturedAtMs = captureTime(
      this.#endsMs.get(channel) ?? this.#options.recordedUntilMs,
      arrivedAtMs,
      durationMs,
    );
    this.#endsMs.set(channel, capturedAtMs + durationMs);
    const index = this.#next;
    this.#next += 1;
    return { index, channel, bytes, durationMs, capturedAtMs, conversationId };
  }
}
