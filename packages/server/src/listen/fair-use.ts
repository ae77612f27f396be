/**
 * Fair use of one live session (reference offline-sync section 6). It says what every final adds to the meter, by the time it
 * was said, has the user looked at every five minutes of speech, and takes words away while the user's budget is used up. The
 * meter is written with the words, in one transaction: a gateway that is killed loses neither or both.
 *
 * While words are away sound is made durable and acknowledged as always, and the socket stays open: a client that is thrown
 * out comes back in a loop. The client is told once when words stop and once when they come back. They come back by
 * themselves, within half a minute of the moment the budget allows it: the next UTC midnight, the end of the restriction, or
 * a person's decision. What was said meanwhile is then given to repair, which waits for the budget on its own.
 *
 * It fails open: without a database nothing is withheld that was not before.
 */
import { FAIR_USE, messageOf } from "@holdfast/contract";
import {
  type BudgetAccount,
  type Classifier,
  type Clock,
  deterministicClassifier,
  type FairUsePolicy,
  fairUsePolicy,
  isLimited,
  isRestricted,
  type Log,
  NO_STAGE,
  type Random,
  type SpeechGate,
  speechGate,
  speechMinutes,
  type Timer,
  type Watermarks,
} from "@holdfast/core";
import { type CountedSpeech, type Db, loadFairUse, lookAtUser } from "@holdfast/store";
import { GatedWords } from "./gated-words.ts";
import type { Outbox } from "./outbox.ts";
import type { RecognisedStretch } from "./recogniser.ts";
import type { SessionDeps } from "./session-parts.ts";
import type { WordSource } from "./suggested.ts";

export interface LiveFairUseOptions {
  readonly db: Db;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly out: Outbox;
  readonly policy: FairUsePolicy;
  readonly classifier: Classifier;
  readonly userId: string;
  readonly recordingSessionId: string;
  /** How often the user is looked at, as long as somebody speaks. */
  readonly checkMs: number;
}

/** Clients hold times to come back between these (reference listen-and-pusher 2.10). */
const MAX_RETRY_AFTER_SECONDS = 3_600;

/** Undefined where this user is not limited. */
export function openLiveFairUse(
  { db, clock, random, config }: Pick<SessionDeps, "db" | "clock" | "random" | "config">,
  session: Pick<LiveFairUseOptions, "userId" | "recordingSessionId" | "out" | "log">,
): LiveFairUse | undefined {
  const policy = fairUsePolicy(config);
  if (!isLimited(policy, session.userId)) return undefined;
  const checkMs = config.FAIR_USE_CHECK_INTERVAL_SECONDS * 1000;
  return new LiveFairUse({ db, clock, random, policy, classifier: deterministicClassifier, checkMs, ...session });
}

export class LiveFairUse {
  readonly #options: LiveFairUseOptions;
  readonly #words: GatedWords[] = [];
  #giveToRepair: () => Promise<void> = async () => {};
  #account: BudgetAccount;
  #spoken = false;
  #paused = false;
  #toldLow = false;
  #unchecked = false;
  #checkedAtMs: number;
  #looking = false;

  constructor(options: LiveFairUseOptions) {
    this.#options = options;
    this.#account = { userId: options.userId, state: NO_STAGE, budgetUsedMs: 0 };
    this.#checkedAtMs = options.clock.now();
  }

  /** True while sound is kept and not listened to. */
  get paused(): boolean {
    return this.#paused;
  }

  /** Finds out whether the session begins with words. Never throws. */
  async begin(): Promise<void> {
    const { db, clock, log, userId } = this.#options;
    try {
      this.#account = await loadFairUse(db, userId, clock.now());
      this.#paused = !this.#gate().open;
    } catch (error) {
      log.warn({ error: messageOf(error) }, "fair use could not be read; the session begins without it");
    }
  }

  /** The recogniser of a channel, under the gate. */
  words(channel: number, watermarks: Watermarks, create: () => WordSource): WordSource {
    const words = new GatedWords({ channel, watermarks, create, paused: this.#paused });
    this.#words.push(words);
    return words;
  }

  /** From now on it looks, and the client is told. `giveToRepair`: all sound so far that has no words. */
  start(giveToRepair: () => Promise<void>): Timer[] {
    this.#giveToRepair = giveToRepair;
    const gate = this.#gate();
    if (this.#paused && !gate.open) this.#tellPaused(gate.untilMs);
    this.#tellLow(gate);
    const { clock, checkMs } = this.#options;
    return [clock.every(Math.min(FAIR_USE.lookMs, checkMs), () => void this.#look())];
  }

  /** What a final that is stored now adds. Its place is the count of messages it closes, so that a repeat of it is known. */
  speechOf({ channel, text, messages, startedAtMs, endedAtMs, speechMs }: RecognisedStretch): CountedSpeech[] {
    if (text === "" || messages === undefined) return [];
    const origin = `${this.#options.recordingSessionId}/${channel}`;
    const minutes = speechMinutes(startedAtMs, speechMs ?? endedAtMs - startedAtMs);
    return minutes.map((minute) => ({ origin, position: messages, ...minute }));
  }

  /** A stretch was taken, and stored if it is a final. */
  heard({ isFinal, text }: RecognisedStretch): void {
    if (isFinal && text !== "") this.#spoken = true;
  }

  async #look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    const { clock, log } = this.#options;
    try {
      const nowMs = clock.now();
      const spoken = this.#spoken;
      this.#spoken = false;
      this.#unchecked ||= spoken;
      if (spoken || this.#paused || isRestricted(this.#options.policy, this.#account, nowMs)) await this.#read(nowMs);
      await this.#check(nowMs);
      await this.#obey();
    } catch (error) {
      log.warn({ error: messageOf(error) }, "fair use could not be looked at");
    } finally {
      this.#looking = false;
    }
  }

  async #read(nowMs: number): Promise<void> {
    this.#account = await loadFairUse(this.#options.db, this.#options.userId, nowMs);
  }

  async #check(nowMs: number): Promise<void> {
    const { db, log, checkMs, userId, recordingSessionId: sessionId, policy, classifier, random } = this.#options;
    if (!this.#unchecked || nowMs - this.#checkedAtMs < checkMs) return;
    this.#checkedAtMs = nowMs;
    this.#unchecked = false;
    const options = { userId, sessionId, trigger: "realtime", policy, classifier, random, log, nowMs } as const;
    if (await lookAtUser(db, options)) await this.#read(nowMs);
  }

  #gate(): SpeechGate {
    return speechGate(this.#options.policy, this.#account, this.#options.clock.now());
  }

  async #obey(): Promise<void> {
    const gate = this.#gate();
    if (!gate.open && !this.#paused) {
      this.#paused = true;
      await Promise.all(this.#words.map((words) => words.pause()));
      this.#tellPaused(gate.untilMs);
      this.#options.log.info({ event: "fair_use_paused", untilMs: gate.untilMs }, "transcription is paused");
    } else if (gate.open && this.#paused) {
      await this.#giveToRepair();
      // Each says `ready` when it is live.
      for (const words of this.#words) words.resume();
      this.#paused = false;
      this.#options.log.info({ event: "fair_use_resumed" }, "transcription goes on");
    }
    this.#tellLow(gate);
  }

  #tellPaused(untilMs: number): void {
    const { out, clock } = this.#options;
    const seconds = Math.ceil((untilMs - clock.now()) / 1000);
    this.#toldLow = true;
    out.event({ type: "freemium_threshold_reached", remaining_seconds: 0, action: "setup_on_device_stt" });
    out.event({
      type: "service_status",
      status: "stt_paused",
      status_text: "Transcription is paused; audio is being kept",
      reason: "fair_use",
      retryable: true,
      retry_after: Math.min(MAX_RETRY_AFTER_SECONDS, Math.max(1, seconds)),
    });
  }

  /** Once, until more is left again (reference listen-and-pusher 2.8). */
  #tellLow(gate: SpeechGate): void {
    if (!gate.open) return;
    const { remainingMs } = gate;
    const low = remainingMs !== undefined && remainingMs <= FAIR_USE.warnBelowMs;
    if (low && !this.#toldLow) {
      const remaining_seconds = Math.floor(remainingMs / 1000);
      this.#options.out.event({
        type: "freemium_threshold_reached",
        remaining_seconds,
        action: "setup_on_device_stt",
      });
    }
    this.#toldLow = low;
  }
}
