/**
 * Somebody with a recorder: speaks words into it, and the recorder brings them to a gateway. Now and then stop is pressed in a
 * pause, and the recording ends when the recorder need keep nothing any more. One that is killed never comes back, and takes
 * what it kept with it.
 */
import { sleep } from "@holdfast/core";
import type { SimNetwork, SimProcess } from "@holdfast/testkit/simulator";
import { PlainRecorder } from "./plain-recorder.ts";
import { LibraryRecorder, type Recorder, type Recording } from "./recorder.ts";
import { MESSAGE_MS, soundMessage, wordName } from "./sound.ts";

export interface DevicePlan {
  readonly number: number;
  readonly userId: string;
  /** Without our client library, and without an id of its recording. */
  readonly isPlain: boolean;
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

export class Device {
  readonly process: SimProcess;
  readonly plan: DevicePlan;
  /** It recorded everything it wanted to, and need keep nothing. */
  done = false;
  readonly #links: DeviceLinks;
  readonly #recorder: Recorder;
  #words = 0;
  #conversationId: string | undefined;

  constructor(process: SimProcess, plan: DevicePlan, links: DeviceLinks) {
    this.process = process;
    this.plan = plan;
    this.#links = links;
    const kind = plan.isPlain ? PlainRecorder : LibraryRecorder;
    this.#recorder = new kind(process, {
      network: links.network,
      userId: plan.userId,
      timeoutMs: plan.timeoutMs,
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
    this.#recorder.close();
  }

  async #speak(): Promise<void> {
    const { random } = this.process;
    await this.#record(this.#words, true);
    this.#words += 1;
    for (let more = random.int(1, 4); more > 0; more--) await this.#record(undefined, true);
    for (let gap = random.int(0, 2); gap > 0; gap--) await this.#record(undefined, false);
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
    for (let at = 0; at < ms; at += MESSAGE_MS) await this.#record(undefined, false);
  }

  async #record(word: number | undefined, isVoice: boolean): Promise<void> {
    await sleep(this.process.clock, MESSAGE_MS);
    const name = word === undefined ? undefined : wordName(this.plan.number, word);
    this.#recorder.record(soundMessage(this.plan.number, word, isVoice), name);
  }
}
