/**
 * The text frames of one live session, each to whom it concerns: names of speakers, words, pictures, and why the client ends.
 * Nothing that a client writes here can end its recording, but for a malformed piece of a picture (reference
 * listen-and-pusher 2.7); everything else that cannot be used is counted and ignored.
 */
import { CLOSE, parseClientFrame } from "@holdfast/contract";
import type { Clock, Log } from "@holdfast/core";
import { type Db, noteFinalizationReason } from "@holdfast/store";
import type { ConversationIdentity } from "./current-conversation.ts";
import type { Pictures } from "./images.ts";
import type { Onboarding } from "./onboarding.ts";
import type { SerialWork } from "./serial-work.ts";
import type { SessionSpeakers } from "./speakers.ts";
import type { ClientWords } from "./suggested.ts";

export interface ClientFramesOptions {
  readonly db: Db;
  readonly clock: Clock;
  readonly log: Log;
  readonly who: ConversationIdentity;
  readonly work: SerialWork;
  readonly speakers: SessionSpeakers;
  readonly pictures: Pictures;
  /** Only where the client asked for the questions. */
  readonly onboarding: Onboarding | undefined;
  /** Only where the client brings its own words. */
  readonly words: ClientWords | undefined;
  readonly conversationId: () => string;
  readonly close: (code: number, reason: string) => void;
}

export class ClientFrames {
  readonly #options: ClientFramesOptions;
  readonly #counts = { frames: 0, ignored: 0, droppedSegments: 0 };

  constructor(options: ClientFramesOptions) {
    this.#options = options;
  }

  /** Asks the session to stop reading: more is waiting for the store than should be kept here. */
  get isFull(): boolean {
    return this.#options.work.isFull;
  }

  get counts(): Readonly<Record<"frames" | "ignored" | "droppedSegments" | "droppedPictures" | "failed", number>> {
    const { pictures, work } = this.#options;
    return { ...this.#counts, droppedPictures: pictures.dropped, failed: work.failed };
  }

  take(text: string): void {
    const { speakers, pictures, words, onboarding, close } = this.#options;
    const frame = parseClientFrame(text);
    this.#counts.frames += 1;
    switch (frame.type) {
      case "speaker_assigned":
        speakers.assign(frame);
        return;
      case "suggested_transcript":
        if (words === undefined) this.#counts.ignored += 1;
        else words.suggest(frame.segments, frame.sttProvider);
        this.#counts.droppedSegments += words === undefined ? 0 : frame.dropped;
        return;
      case "image_chunk":
        if (!pictures.take(frame)) close(CLOSE.policy, "invalid image chunk");
        return;
      case "finalization_reason":
        this.#noteReason(frame.reason);
        return;
      case "invalid":
        close(CLOSE.policy, frame.reason);
        return;
      case "start_onboarding":
        onboarding?.start();
        return;
      case "skip_question":
        onboarding?.skip();
        return;
      case "ignored":
        this.#counts.ignored += 1;
        return;
      default:
        frame satisfies never;
    }
  }

  /** It never fails to hear anything. */
  readonly state = "live";

  /** Pictures and words belong to the conversation they were sent in, so an end waits for them. */
  async flush(): Promise<void> {
    await this.settled();
  }

  skipTo(): void {}

  /** The first `count` audio messages are in the store. */
  durable(count: number): void {
    this.#options.words?.durable(count);
  }

  /** Waits until everything taken is stored, within a deadline. */
  async settled(deadlineMs?: number): Promise<void> {
    await this.#options.work.settled(deadlineMs);
  }

  close(): void {
    this.#options.work.close();
    this.#options.pictures.close();
    this.#options.onboarding?.close();
    if (this.#counts.frames > 0) this.#options.log.info(this.counts, "text frames of a session");
  }

  /** Durable at once: the conversation it is about may end before this socket does. */
  #noteReason(reason: string): void {
    const { db, clock, who, work } = this.#options;
    const home = { userId: who.userId, conversationId: this.#options.conversationId(), nowMs: clock.now() };
    work.add(0, async () => void (await noteFinalizationReason(db, home, reason)));
  }
}
