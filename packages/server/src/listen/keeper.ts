/**
 * Keeps the conversation of a live session: stores words in it, ends it, and goes on with the next one.
 *
 * While a conversation ends there are two: sound that comes in already belongs to the next (`accepting`), words that come in
 * still belong to the one that ends (`writing`), until the recogniser has said everything about the sound before the border.
 * Only then is the old one admitted, so its last words are in it and no stretch of sound has two homes.
 */
import { messageOf } from "@holdfast/contract";
import { type Clock, type Log, type Random, sleep } from "@holdfast/core";
import {
  type AdmitOutcome,
  admitConversation,
  advanceWatermark,
  type Db,
  findConversation,
  isDatabaseUnavailable,
  type RecordingHold,
  renewRecording,
  transcribedMessages,
} from "@holdfast/store";
import type { Announcer } from "./announcer.ts";
import type { AudioLog } from "./audio-log.ts";
import {
  beginNew,
  type ConversationIdentity,
  type CurrentConversation,
  previewPartial,
  segmentOf,
  storeFinal,
} from "./current-conversation.ts";
import type { RecognisedStretch, Recogniser } from "./recogniser.ts";

export interface KeeperOptions {
  readonly db: Db;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly who: ConversationIdentity;
  readonly hold: RecordingHold;
  readonly leaseMs: number;
  readonly first: CurrentConversation;
  readonly announcer: Announcer;
  readonly provider: () => string;
  /** Another socket took the recording over. */
  readonly onFenced: () => void;
}

export interface EndOptions {
  readonly trigger: "stop" | "finalize" | "silence" | "disconnect";
  readonly force: boolean;
}

export class ConversationKeeper {
  readonly #options: KeeperOptions;
  readonly #stop = new AbortController();
  #accepting: CurrentConversation;
  #writing: CurrentConversation;
  #utteranceId: string | undefined;
  #ending: Promise<AdmitOutcome> | undefined;
  #audio: AudioLog | undefined;
  #recogniser: Recogniser | undefined;

  constructor(options: KeeperOptions) {
    this.#options = options;
    this.#accepting = options.first;
    this.#writing = options.first;
  }

  /** The parts that it asks to catch up before a conversation ends. */
  attach(audio: AudioLog, recogniser: Recogniser): void {
    this.#audio = audio;
    this.#recogniser = recogniser;
  }

  /** The conversation that sound belongs to now. */
  get acceptingId(): string {
    return this.#accepting.id;
  }

  holds(conversationId: string): boolean {
    return this.#accepting.id === conversationId || this.#writing.id === conversationId;
  }

  /** Waits for an end that is under way. */
  async settled(): Promise<void> {
    await this.#ending?.catch(() => {});
  }

  /** Stops waiting for a database that is away. */
  close(): void {
    this.#stop.abort();
  }

  withdrawPartial(): void {
    this.#utteranceId = undefined;
    this.#options.announcer.show(previewPartial(this.#writing, undefined));
  }

  /** Stores a final before it returns; shows a partial. Called one at a time. */
  async onStretch(stretch: RecognisedStretch): Promise<void> {
    const { announcer, hold, db } = this.#options;
    if (stretch.text === "") {
      if (stretch.isFinal) this.#utteranceId = undefined;
      announcer.show(previewPartial(this.#writing, undefined));
      const { messages } = stretch;
      if (messages === undefined) return;
      await this.#audio?.flush();
      await this.#whenAvailable(() => advanceWatermark(db, hold, messages));
      return;
    }
    this.#utteranceId ??= this.#options.random.uuid();
    const id = this.#utteranceId;
    if (!stretch.isFinal) {
      announcer.show(previewPartial(this.#writing, segmentOf(this.#writing, stretch, id, this.#options.provider())));
      return;
    }
    this.#utteranceId = undefined;
    await this.#audio?.flush();
    await this.#store(stretch, id);
  }

  /** Stores a final in the conversation that takes words now; one that was ended elsewhere is followed by a new one. */
  async #store(stretch: RecognisedStretch, segmentId: string): Promise<void> {
    const { db, clock, hold, announcer } = this.#options;
    while (!this.#stop.signal.aborted) {
      const writing = this.#writing;
      const segment = segmentOf(writing, stretch, segmentId, this.#options.provider());
      const result = await this.#whenAvailable(() =>
        storeFinal(db, hold, writing, segment, {
          startedAtMs: stretch.startedAtMs,
          transcribedMessages: stretch.messages ?? 0,
          nowMs: clock.now(),
        }),
      );
      if (result.outcome === "stored") {
        announcer.show(result.update);
        announcer.words(writing.id, segment);
        return;
      }
      if (result.outcome === "fenced") return this.#options.onFenced();
      await this.#follow(writing);
    }
  }

  /** Repeats while the database cannot be reached. */
  async #whenAvailable<T>(work: () => Promise<T>): Promise<T> {
    while (true) {
      try {
        return await work();
      } catch (error) {
        if (!isDatabaseUnavailable(error) || this.#stop.signal.aborted) throw error;
        await sleep(this.#options.clock, 500, this.#stop.signal);
      }
    }
  }

  /** Every few seconds: keep the lease, notice an end decided elsewhere, end the conversation when it went silent. */
  async lookAfter(): Promise<void> {
    if (this.#ending !== undefined) return;
    const { db, clock, who, hold, log } = this.#options;
    const current = this.#accepting;
    try {
      if (!(await this.#renew(current.id))) return this.#options.onFenced();
      const row = await findConversation(db, who.userId, current.id);
      if (this.#ending !== undefined || this.#accepting !== current) return;
      if (row?.status !== "in_progress") return await this.#follow(current);
      if (row.end_requested_at !== null) {
        await this.end(current.id, { trigger: "stop", force: true });
      } else if (this.#isSilent(current, clock.now())) {
        await this.#endSilent(current);
      }
    } catch (error) {
      log.warn({ session: hold.id, error: messageOf(error) }, "looking after the conversation failed");
    }
  }

  #isSilent(current: CurrentConversation, nowMs: number): boolean {
    return nowMs - current.finishedAtMs >= this.#options.who.query.conversationTimeoutMs;
  }

  /** Silence counts only where the recogniser has heard everything. */
  async #endSilent(current: CurrentConversation): Promise<void> {
    const behind = (this.#recogniser?.watermark ?? 0) < (this.#audio?.durable ?? 0);
    if (behind && this.#recogniser?.state !== "live") return;
    await this.#recogniser?.flush();
    if (this.#isSilent(current, this.#options.clock.now())) {
      await this.end(current.id, { trigger: "silence", force: false });
    }
  }

  /** Ends the conversation and goes on with a new one. Undefined where this session does not hold it. */
  async end(conversationId: string, options: EndOptions): Promise<AdmitOutcome | undefined> {
    await this.settled();
    const ended = this.#accepting;
    if (ended.id !== conversationId || this.#writing !== ended) return undefined;
    this.#ending = this.#end(ended, options).finally(() => {
      this.#ending = undefined;
    });
    return await this.#ending;
  }

  async #end(ended: CurrentConversation, options: EndOptions): Promise<AdmitOutcome> {
    const { db, clock, who, hold, announcer } = this.#options;
    const goesOn = options.trigger !== "disconnect";
    if (goesOn) await this.#acceptNext();
    await this.#audio?.flush();
    await this.#recogniser?.flush();
    this.#writing = this.#accepting;
    const outcome = await admitConversation(db, {
      userId: who.userId,
      conversationId: ended.id,
      trigger: options.trigger,
      force: options.force,
      ownSessionId: hold.id,
      nowMs: clock.now(),
      ...(options.trigger === "silence" ? { unlessSpokenAfterMs: ended.finishedAtMs } : {}),
    });
    this.#recogniser?.skipTo(await transcribedMessages(db, hold));
    if (outcome.outcome === "admitted") await announcer.processing(ended.id, outcome.ticket);
    if (goesOn) announcer.session(this.#accepting.id);
    return outcome;
  }

  /** The conversation was ended by somebody else: go on with a new one, and tell the client when that one is done. */
  async #follow(ended: CurrentConversation): Promise<void> {
    if (this.#accepting === ended) {
      await this.#acceptNext();
      this.#options.announcer.session(this.#accepting.id);
      this.#options.announcer.expect(ended.id);
    }
    this.#writing = this.#accepting;
  }

  async #acceptNext(): Promise<void> {
    const { db, clock, random, who } = this.#options;
    const next = await beginNew(db, who, random.uuid(), clock.now());
    await this.#renew(next.id);
    this.#accepting = next;
  }

  async #renew(conversationId: string): Promise<boolean> {
    const { db, clock, hold, leaseMs } = this.#options;
    return await renewRecording(db, hold, conversationId, clock.now(), leaseMs);
  }
}
