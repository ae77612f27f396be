/**
 * Gives what one link brought to the consumers, one frame of a kind after the other, and keeps what they have not taken yet:
 * at most 50 batches of words and 20 MiB of sound, the oldest dropped first. A consumer that fails costs that frame only.
 */
import { PUSHER } from "@holdfast/contract";
import { type Clock, DropOldest, sleep } from "@holdfast/core";
import type { AudioRun, LinkConsumers, LinkIdentity, TranscriptBatch } from "./consumers.ts";

/** How long the end of a link waits for slow consumers. */
const DRAIN_MS = 30_000;

export interface Deliveries {
  transcript(batch: TranscriptBatch): void;
  audio(run: AudioRun): void;
  readonly dropped: { readonly batches: number; readonly audioBytes: number };
  /** Nothing more comes: resolves when the consumers have heard so, at the latest after half a minute. Never rejects. */
  end(): Promise<void>;
}

export interface DeliveriesOptions {
  readonly link: LinkIdentity;
  readonly consumers: LinkConsumers;
  readonly clock: Clock;
  readonly onFailure: (kind: "transcript" | "audio" | "closed", error: unknown) => void;
}

export function openDeliveries(options: DeliveriesOptions): Deliveries {
  const { link, consumers, clock, onFailure } = options;
  const words = new Lane<TranscriptBatch>(
    new DropOldest({ limit: () => PUSHER.maxQueuedBatches, sizeOf: () => 1 }),
    (batch) => consumers.onTranscript(batch),
    (error) => onFailure("transcript", error),
  );
  const sound = new Lane<AudioRun>(
    new DropOldest({ limit: () => PUSHER.maxQueuedAudioBytes, sizeOf: (run) => run.payload.length }),
    (run) => consumers.onAudio(run),
    (error) => onFailure("audio", error),
  );
  consumers.opened(link);
  return {
    transcript(batch) {
      if (consumers.wants(link, "transcript")) words.push(batch);
    },
    audio(run) {
      if (consumers.wants(link, "audio")) sound.push(run);
    },
    get dropped() {
      return { batches: words.dropped, audioBytes: sound.dropped };
    },
    async end() {
      const waited = new AbortController();
      const idle = Promise.all([words.idle(), sound.idle()]);
      await Promise.race([idle, sleep(clock, DRAIN_MS, waited.signal)]);
      waited.abort();
      words.stop();
      sound.stop();
      await consumers.closed(link).catch((error: unknown) => onFailure("closed", error));
    },
  };
}

class Lane<T> {
  readonly #queue: DropOldest<T>;
  readonly #deliver: (item: T) => Promise<void>;
  readonly #onFailure: (error: unknown) => void;
  #running: Promise<void> | undefined;

  constructor(queue: DropOldest<T>, deliver: (item: T) => Promise<void>, onFailure: (error: unknown) => void) {
    this.#queue = queue;
    this.#deliver = deliver;
    this.#onFailure = onFailure;
  }

  get dropped(): number {
    return this.#queue.dropped;
  }

  push(item: T): void {
    this.#queue.push(item);
    this.#running ??= this.#run();
  }

  async idle(): Promise<void> {
    await this.#running;
  }

  /** Gives up what waits. */
  stop(): void {
    this.#queue.take();
  }

  async #run(): Promise<void> {
    for (let item = this.#queue.shift(); item !== undefined; item = this.#queue.shift()) {
      await this.#deliver(item).catch(this.#onFailure);
    }
    this.#running = undefined;
  }
}
