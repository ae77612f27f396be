/**
 * Keeps the conversation of a live session: stores words in it, ends it, and goes on with the next one.
 *
 * While a conversation ends there are two: sound that comes in already belongs to the next (`accepting`), words that come in
 * still belong to the one that ends (`writing`), until the recogniser has said everything about the sound before the border.
 * Only then is the old one admitted, so its last words are in it and no stretch of sound has two homes.
 */
import { HoldfastError, messageOf, type Segment } from "@holdfast/contract";
import { type Clock, cutTranscript, type Log, type Random, relabel, sleep, type Watermarks } from "@holdfast/core";
import {
  type AdmitOutcome,
  admitConversation,
  advanceWatermark,
  type CountedSpeech,
  type Db,
  findConversation,
  handOverGap,
  isDatabaseUnavailable,
  type RecordingHold,
  renewRecording,
  transcribedMessages,
} from "@holdfast/store";
import type { Announcer } from "./announcer.ts";
import type { AudioLog } from "./audio-log.ts";
import {
  beginNew,
  bindHome,
  type ConversationIdentity,
  type CurrentConversation,
  previewPartials,
  segmentOf,
  storeFinal,
} from "./current-conversation.ts";
import type { RecognisedStretch } from "./recogniser.ts";
import type { SessionSpeakers } from "./speakers.ts";
import type { WordSource } from "./suggested.ts";

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
  readonly watermarks: Watermarks;
  /** Names speakers, and hears of every final that was stored. */
  readonly speakers: Pick<SessionSpeakers, "label" | "stored">;
  /** What a final adds to the meter of its user; nothing where nobody measures. */
  readonly speechOf?: ((stretch: RecognisedStretch) => readonly CountedSpeech[]) | undefined;
  /** Another socket took the recording over. */
  readonly onFenced: () => void;
}

export interface EndOptions {
  readonly trigger: "stop" | "finalize" | "silence" | "disconnect";
  readonly force: boolean;
}

/** Something that may still have content for a conversation that ends. */
export type CaughtUp = Pick<WordSource, "state" | "flush" | "skipTo">;

export class ConversationKeeper {
  readonly #options: KeeperOptions;
  readonly #stop = new AbortController();
  #accepting: CurrentConversation;
  #writing: CurrentConversation;
  /** What is being said, by channel: the id its words will have, and how it was last shown. */
  readonly #utterances = new Map<number, { readonly id: string; shown: Segment | undefined }>();
  #turn: Promise<void> = Promise.resolve();
  #ending: Promise<AdmitOutcome> | undefined;
  #audio: AudioLog | undefined;
  #recognisers: readonly CaughtUp[] = [];

  constructor(options: KeeperOptions) {
    this.#options = options;
    this.#accepting = options.first;
    this.#writing = options.first;
  }

  /** The parts that it asks to catch up before a conversation ends. */
  attach(audio: AudioLog, recognisers: readonly CaughtUp[]): void {
    this.#audio = audio;
    this.#recognisers = recognisers;
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

  /** The stream of this channel is gone: what was shown of it will be said again. */
  withdrawPartial(channel: number): void {
    this.#utterances.delete(channel);
    this.#showPartials();
  }

  /** Stores a final before it returns; shows a partial. Stretches of several channels take turns. */
  async onStretch(stretch: RecognisedStretch): Promise<void> {
    await this.inTurn(() => this.#onStretch(stretch));
  }

  /** Runs when no final is being stored, and keeps finals waiting. */
  async inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work);
    this.#turn = turn.then(
      () => {},
      () => {},
    );
    return await turn;
  }

  /** A person said whose words these are; what is written from now on knows it. Call it in turn. */
  relabel(label: (segment: Segment) => Segment): void {
    for (const conversation of new Set([this.#writing, this.#accepting])) {
      conversation.transcript = relabel(conversation.transcript, label);
    }
  }

  /** The conversation got content that nobody said. */
  noticed(conversationId: string, nowMs: number): void {
    for (const conversation of [this.#writing, this.#accepting]) {
      if (conversation.id === conversationId) conversation.finishedAtMs = Math.max(conversation.finishedAtMs, nowMs);
    }
  }

  #segmentOf(conversation: CurrentConversation, stretch: RecognisedStretch, id: string): Segment {
    return this.#options.speakers.label(segmentOf(conversation, stretch, id, this.#options.provider()));
  }

  async #onStretch(stretch: RecognisedStretch): Promise<void> {
    const { channel, messages } = stretch;
    if (stretch.isGivenUp?.() === true) return;
    if (stretch.text === "") {
      if (stretch.isFinal) this.#utterances.delete(channel);
      else this.#forgetShown(channel);
      this.#showPartials();
      if (messages !== undefined) await this.#closeSilence(channel, messages);
      return;
    }
    const utterance = this.#utterances.get(channel) ?? { id: this.#options.random.uuid(), shown: undefined };
    if (!stretch.isFinal) {
      utterance.shown = this.#segmentOf(this.#writing, stretch, utterance.id);
      this.#utterances.set(channel, utterance);
      this.#showPartials();
      return;
    }
    this.#utterances.delete(channel);
    await this.#untilDurable(messages);
    await this.#store(stretch, utterance.id);
  }

  /** Words of sound that is not durable would come twice: its client sends it again. Throws where it cannot become so. */
  async #untilDurable(messages: number | undefined): Promise<void> {
    await this.#audio?.flush();
    if (messages === undefined || this.#audio === undefined || this.#audio.durable >= messages) return;
    throw new HoldfastError("sound was not made durable before its words", {
      code: "audio_not_durable",
      class: "transport",
    });
  }

  #forgetShown(channel: number): void {
    const utterance = this.#utterances.get(channel);
    if (utterance !== undefined) utterance.shown = undefined;
  }

  get #partials(): Segment[] {
    return [...this.#utterances.values()].flatMap(({ shown }) => (shown === undefined ? [] : [shown]));
  }

  #showPartials(): void {
    this.#options.announcer.show(previewPartials(this.#writing, this.#partials));
  }

  async #closeSilence(channel: number, messages: number): Promise<void> {
    const { db, hold, watermarks } = this.#options;
    await this.#untilDurable(messages);
    await this.#whenAvailable(() => advanceWatermark(db, hold, watermarks.after(channel, messages)));
    watermarks.closed(channel, messages);
  }

  /** Stores a final in the conversation that takes words now; one that was ended elsewhere is followed by a new one. */
  async #store(stretch: RecognisedStretch, segmentId: string): Promise<void> {
    const { db, clock, hold, announcer, watermarks } = this.#options;
    const { channel, messages = 0 } = stretch;
    const speech = this.#options.speechOf?.(stretch) ?? [];
    while (!this.#stop.signal.aborted) {
      const writing = this.#writing;
      const segment = this.#segmentOf(writing, stretch, segmentId);
      const result = await this.#whenAvailable(() =>
        storeFinal(db, hold, writing, segment, {
          startedAtMs: stretch.startedAtMs,
          watermark: watermarks.after(channel, messages),
          partials: this.#partials,
          speech,
          nowMs: clock.now(),
        }),
      );
      if (result.outcome === "stored") {
        watermarks.closed(channel, messages);
        announcer.show(result.update);
        announcer.words(writing.id, segment);
        this.#options.speakers.stored(writing.id, segment, result.update.segments);
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
    const { db, clock, who, hold, leaseMs, log } = this.#options;
    const current = this.#accepting;
    try {
      if (!(await renewRecording(db, hold, clock.now(), leaseMs))) return this.#options.onFenced();
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
    const behind = this.#options.watermarks.overall < (this.#audio?.durable ?? 0);
    if (behind && this.#recognisers.some(({ state }) => state !== "live")) return;
    await this.#flushWords();
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
    const { announcer } = this.#options;
    const goesOn = options.trigger !== "disconnect";
    if (goesOn) await this.#acceptNext();
    await this.#audio?.flush();
    await this.#flushWords();
    // In turn: a final that came too late for the flush is stored before the rest is given to repair, or not at all.
    const outcome = await this.inTurn(async () => {
      this.#writing = this.#accepting;
      const admitted = await this.#admit(ended, options);
      // Told at once, so that a pusher starts while the rest of this is done.
      if (admitted.outcome === "admitted") announcer.nudge(ended.id, admitted.ticket);
      await this.#giveAway();
      return admitted;
    });
    if (outcome.outcome === "admitted") await announcer.processing(ended.id);
    if (goesOn) await announcer.session(this.#accepting.id);
    return outcome;
  }

  async #admit(ended: CurrentConversation, options: EndOptions): Promise<AdmitOutcome> {
    const { db, clock, who, hold, announcer } = this.#options;
    try {
      return await admitConversation(db, {
        userId: who.userId,
        conversationId: ended.id,
        trigger: options.trigger,
        force: options.force,
        ownSessionId: hold.id,
        ownEpoch: hold.epoch,
        nowMs: clock.now(),
        ...(options.trigger === "silence" ? { unlessSpokenAfterMs: ended.finishedAtMs } : {}),
      });
    } catch (error) {
      // It may have happened all the same, and only the answer is lost.
      announcer.expect(ended.id);
      await this.#giveAway();
      throw error;
    }
  }

  /** What the store has given to repair is not ours to write any more, nor to write across. */
  async #giveAway(): Promise<void> {
    const { db, hold } = this.#options;
    const owned = await this.#whenAvailable(() => transcribedMessages(db, hold));
    for (const recogniser of this.#recognisers) recogniser.skipTo(owned);
    const { next, update } = cutTranscript(this.#writing.transcript);
    this.#writing.transcript = next;
    this.#options.announcer.show(update);
  }

  /** All sound so far that has no words goes to repair, and words begin anew behind it. */
  async giveToRepair(): Promise<void> {
    await this.settled();
    await this.#audio?.flush();
    await this.inTurn(async () => {
      const { db, clock, hold } = this.#options;
      const give = (trx: Db) => handOverGap(trx, hold.userId, hold.id, clock.now(), hold.epoch);
      await this.#whenAvailable(() => db.transaction().execute(give));
      await this.#giveAway();
    });
  }

  async #flushWords(): Promise<void> {
    await Promise.all(this.#recognisers.map((recogniser) => recogniser.flush()));
  }

  /** The conversation was ended by somebody else: go on with a new one, and tell the client when that one is done. */
  async #follow(ended: CurrentConversation): Promise<void> {
    if (this.#accepting === ended) {
      await this.#acceptNext();
      await this.#options.announcer.session(this.#accepting.id);
      this.#options.announcer.expect(ended.id);
    }
    this.#writing = this.#accepting;
  }

  async #acceptNext(): Promise<void> {
    const { db, random, who, hold, clock, leaseMs } = this.#options;
    const first = await beginNew(db, who, random.uuid(), clock.now());
    this.#accepting = await bindHome({ db, random, who, hold, clock, leaseMs }, first);
  }
}
