/**
 * Stands where the recogniser stands when the client brings the words itself (`custom_stt=enabled`): finals come from
 * `suggested_transcript` frames and take the same way into the transcript. Sound is kept like any other, but counts as
 * transcribed as soon as it is durable, and no repair is ever made of it.
 */
import { ONLY_CHANNEL, type RawSegment } from "@holdfast/contract";
import { type Clock, suggestedOrigin, suggestedStretches, type Watermarks } from "@holdfast/core";
import { advanceWatermark, type Db, expectClientWords, handOverGap, type RecordingHold } from "@holdfast/store";
import type { AudioMessage } from "./audio-log.ts";
import type { RecognisedStretch, RecogniserState } from "./recogniser.ts";
import type { SerialWork } from "./serial-work.ts";

/** Where the words of a channel come from: the stream of a recogniser, or the client. */
export interface WordSource {
  readonly state: RecogniserState;
  push(message: AudioMessage): void;
  /** Waits, within a deadline, until everything heard so far is stored. */
  flush(): Promise<void>;
  /** Words up to here belong to somebody else. */
  skipTo(message: number): void;
  finish(): Promise<void>;
  abort(): void;
}

export interface ClientWordsOptions {
  readonly db: Db;
  readonly hold: RecordingHold;
  readonly clock: Clock;
  readonly watermarks: Watermarks;
  readonly channels: readonly number[];
  readonly work: SerialWork;
  /** Stores a final before it returns. */
  readonly onStretch: (stretch: RecognisedStretch) => Promise<void>;
}

/** Sound that an earlier socket left without words still goes to repair; from now on the client has them. */
export async function takeOverForClientWords(db: Db, hold: RecordingHold, nowMs: number): Promise<RecordingHold> {
  const { userId, id, durableMessages, transcribedMessages } = hold;
  if (transcribedMessages < durableMessages) {
    await db.transaction().execute((trx) => handOverGap(trx, userId, id, nowMs, hold.epoch));
  }
  await expectClientWords(db, hold);
  return { ...hold, transcribedMessages: durableMessages };
}

export class ClientWords implements WordSource {
  readonly state = "live";
  readonly #options: ClientWordsOptions;
  readonly #startedMs: number;
  #firstSoundMs: number | undefined;
  #originMs: number | undefined;

  constructor(options: ClientWordsOptions) {
    this.#options = options;
    this.#startedMs = options.clock.now();
  }

  /** Only the moment of the first sound matters: times of words are relative to it. */
  push(message: AudioMessage): void {
    this.#firstSoundMs ??= message.capturedAtMs;
  }

  /** The first `count` messages are in the store. */
  durable(count: number): void {
    for (const channel of this.#options.channels) {
      this.#options.watermarks.passed(channel, count);
      this.#options.watermarks.closed(channel, count);
    }
  }

  suggest(segments: readonly RawSegment[], sttProvider: string | null): void {
    this.#originMs ??= suggestedOrigin(this.#firstSoundMs, this.#startedMs);
    for (const stretch of suggestedStretches(segments, sttProvider, this.#originMs)) {
      this.#options.work.add(stretch.text.length, () => this.#options.onStretch({ ...stretch, channel: ONLY_CHANNEL }));
    }
  }

  async flush(): Promise<void> {
    await this.#options.work.settled();
    const { db, hold, watermarks, channels } = this.#options;
    const [channel = ONLY_CHANNEL] = channels;
    // Where this cannot be written now, the sweep finds out by itself that the sound needs no words.
    await advanceWatermark(db, hold, watermarks.after(channel, 0)).catch(() => false);
  }

  skipTo(): void {}

  async finish(): Promise<void> {
    await this.flush();
  }

  /** What was taken is stored all the same: no other socket will bring these words again. */
  abort(): void {}
}
