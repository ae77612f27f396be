/**
 * A recogniser that can be taken away and brought back while its session lives. Without it sound is kept and not listened to,
 * and the session's watermark stays where the last words ended; what lies ahead of it is given to repair before words begin
 * again, so the new recogniser starts behind that.
 *
 * States: `feeding`; `closing` (nothing more is fed, the last words are being stored); `paused` (no recogniser); `ended`.
 */
import type { Watermarks } from "@holdfast/core";
import type { AudioMessage } from "./audio-log.ts";
import type { RecogniserState } from "./recogniser.ts";
import type { WordSource } from "./suggested.ts";

export interface GatedWordsOptions {
  readonly channel: number;
  readonly watermarks: Watermarks;
  /** Starts a recogniser at the watermark. */
  readonly create: () => WordSource;
  /** True where the session begins without words. */
  readonly paused: boolean;
}

export class GatedWords implements WordSource {
  readonly #options: GatedWordsOptions;
  #source: WordSource | undefined;
  #feeding: boolean;
  #ended = false;
  #closing: Promise<void> = Promise.resolve();

  constructor(options: GatedWordsOptions) {
    this.#options = options;
    this.#feeding = !options.paused;
    this.#source = options.paused ? undefined : options.create();
  }

  /** Never `live` while sound is not listened to: silence then means nothing. */
  get state(): RecogniserState {
    if (this.#ended) return "ended";
    return this.#feeding ? (this.#source?.state ?? "waiting") : "waiting";
  }

  push(message: AudioMessage): void {
    if (this.#feeding) this.#source?.push(message);
  }

  async flush(): Promise<void> {
    if (this.#feeding) await this.#source?.flush();
    else await this.#closing;
  }

  skipTo(message: number): void {
    const { watermarks, channel } = this.#options;
    if (this.#source !== undefined) {
      this.#source.skipTo(message);
    } else if (watermarks.isOpenBefore(channel, message)) {
      watermarks.closed(channel, message);
      watermarks.passed(channel, message);
    }
  }

  /** Listens no more. Resolves when the words of everything fed so far are stored, within a deadline. */
  async pause(): Promise<void> {
    if (this.#feeding && !this.#ended) {
      this.#feeding = false;
      const source = this.#source;
      this.#closing = (source?.finish() ?? Promise.resolve()).finally(() => {
        this.#source = undefined;
      });
    }
    await this.#closing;
  }

  /** Listens again, from the watermark on. Call it when `pause` has resolved. */
  resume(): void {
    if (this.#feeding || this.#ended) return;
    this.#feeding = true;
    this.#source = this.#options.create();
  }

  async finish(): Promise<void> {
    this.#ended = true;
    if (this.#feeding) await this.#source?.finish();
    else await this.#closing;
  }

  abort(): void {
    this.#ended = true;
    this.#source?.abort();
  }
}
