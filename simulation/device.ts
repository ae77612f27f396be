/**
 * Somebody with a recorder: speaks words into it, and the recorder brings them to a gateway. Now and then stop is pressed in a
 * pause, and the recording ends when the recorder need keep nothing any more. One that is killed never comes back, and takes
 * what it kept with it. A recorder may record a call, with a voice on each of two channels (reference listen-and-pusher 2.6), or
 * bring its own words.
 */

import { CHANNELS, ONLY_CHANNEL } from "@holdfast/contract";
import { sleep } from "@holdfast/core";
import type { SimNetwork, SimProcess } from "@holdfast/testkit/simulator";
import { OtherSide } from "./other-side.ts";
import { PlainRecorder } from "./plain-recorder.ts";
import { LibraryRecorder, type Recorder, type Recording } from "./recorder.ts";
import { MESSAGE_MS, soundMessage, wordName } from "./sound.ts";

export interface DevicePlan {
  readonly number: number;
  readonly userId: string;
  /** Without our client library, and without an id of its recording. */
  readonly isPlain: boolean;
  /** What it brings: the sound of one microphone, a call of two channels, or sound and the words that it recognised itself. */
  readonly brings: "sound" | "call" | "words";
  readonly speakMs: number;
  /** Silence after which its conversations end. */
  readonly timeoutMs: number;
  /** Chance that a pause is longer than that. */
  readonly longPauses: number;
  /** Chance that stop is pressed in a pause. */
  readonly stops: number;
}

export interface DeviceLinks {
  readonly network: SimNetwork;
  /** `POST /v1/conversations` for the conversation that is shown; fails quietly, as a button does. */
  readonly pressStop: (userId: string, conversationId: string) => void;
  /** The server says that the first `count` messages of this recording are durable. */
  readonly onAcknowledged: (recordingId: string, count: number) => void;
}

const UNKNOWN_CHANNEL = 7;

const QUERIES = {
  sound: {},
  call: { channels: String(CHANNELS.length), source: "phone_call", call_id: "a-call" },
  words: { custom_stt: "enabled" },
} as const;

export class Device {
  readonly process: SimProcess;
  readonly plan: DevicePlan;
  /** It recorded everything it wanted to, and need keep nothing. */
  done = false;
  readonly #links: DeviceLinks;
  readonly #recorder: Recorder;
  /** Of a call. */
  readonly #otherSide: OtherSide | undefined;
  #words = 0;
  #hungUpMs: number | undefined;
  #heardMs: number | undefined;
  #conversationId: string | undefined;

  constructor(process: SimProcess, plan: DevicePlan, links: DeviceLinks) {
    this.process = process;
    this.plan = plan;
    this.#links = links;
    this.#otherSide = plan.brings === "call" ? new OtherSide(process.random.fork("other side")) : undefined;
    const kind = plan.isPlain ? PlainRecorder : LibraryRecorder;
    this.#recorder = new kind(process, {
      network: links.network,
      userId: plan.userId,
      timeoutMs: plan.timeoutMs,
      query: QUERIES[plan.brings],
      onAcknowledged: links.onAcknowledged,
      onConversation: (id) => {
        this.#conversationId = id;
      },
    });
  }

  get isGone(): boolean {
    return this.process.isDead;
  }

  get recordings(): readonly Recording[] {
    return this.#recorder.recordings;
  }

  get waiting(): number {
    return this.#recorder.waiting;
  }

  /** When it ended its recording on a connection on which it had heard something since then; undefined where it did not. */
  hungUpSince(ms: number): number | undefined {
    return this.#hungUpMs !== undefined && (this.#heardMs ?? 0) > ms ? this.#hungUpMs : undefined;
  }

  /** The server chose an id for the recording of one of this recorder's connections. */
  named(socketName: string, recordingId: string): void {
    if (this.#recorder instanceof PlainRecorder) this.#recorder.named(socketName, recordingId);
  }

  async run(): Promise<void> {
    const { random } = this.process;
    await sleep(this.process.clock, random.between(0, 1_500));
    this.#recorder.start();
    const untilMs = this.process.clock.now() + this.plan.speakMs;
    while (this.process.clock.now() < untilMs) {
      for (let words = random.int(1, 7); words > 0; words--) await this.#speak();
      await this.#pause();
    }
    await this.#recorder.drain();
    this.done = true;
    // What was said last may still become words on this connection; then the recorder is put away.
    await sleep(this.process.clock, random.between(0, 2_000));
    this.#heardMs = this.#recorder.heardMs;
    this.#hungUpMs = this.process.clock.now();
    this.#recorder.close();
  }

  async #speak(): Promise<void> {
    const { random } = this.process;
    await this.#record(true, true);
    for (let more = random.int(1, 4); more > 0; more--) await this.#record(false, true);
    for (let gap = random.int(0, 2); gap > 0; gap--) await this.#record(false, false);
  }

  async #pause(): Promise<void> {
    const { random } = this.process;
    const { plan } = this;
    if (random.chance(plan.stops) && this.#conversationId !== undefined) {
      this.#links.pressStop(plan.userId, this.#conversationId);
    }
    const ms = random.chance(plan.longPauses)
      ? plan.timeoutMs + random.between(-500, 4_000)
      : random.between(300, 1_500);
    for (let at = 0; at < ms; at += MESSAGE_MS) await this.#record(false, false);
  }

  async #record(begins: boolean, isVoice: boolean): Promise<void> {
    await sleep(this.process.clock, MESSAGE_MS);
    if (this.#otherSide === undefined) return this.#bring(ONLY_CHANNEL, begins, isVoice);
    const [own, other] = CHANNELS;
    const theirs = this.#otherSide.next();
    this.#bring(own?.id ?? 0, begins, isVoice);
    this.#bring(other?.id ?? 0, theirs.begins, theirs.isVoice);
    // Of a channel that nobody knows: it counts, and says nothing.
    if (this.process.random.chance(0.02)) this.#bring(UNKNOWN_CHANNEL, false, true);
  }

  #bring(channel: number, begins: boolean, isVoice: boolean): void {
    const { number } = this.plan;
    const word = begins ? this.#words : undefined;
    if (begins) this.#words += 1;
    const name = word === undefined ? undefined : wordName(number, word);
    this.#recorder.record({ message: soundMessage(number, word, isVoice), channel, word: name });
  }
}
