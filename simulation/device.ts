/**
 * Somebody with a recorder: speaks words into it, and the real client library brings them to a gateway. The recorder forgets
 * only what was acknowledged; it connects again after every loss, now and then presses stop, and ends its recording when
 * everything is acknowledged. One that is killed never comes back, and takes what was not acknowledged with it.
 */
import { type Connect, ListenSocket, listenUrl, MemoryMessageLog } from "@holdfast/client";
import { sleep } from "@holdfast/core";
import type { SimNetwork, SimProcess } from "@holdfast/testkit/simulator";
import { MESSAGE_MS, SAMPLE_RATE, soundMessage, wordName } from "./sound.ts";

export interface SpokenWord {
  readonly name: string;
  /** Number of the message of the recording in which it begins. */
  readonly message: number;
}

export interface DevicePlan {
  readonly number: number;
  readonly userId: string;
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
  readonly onAcknowledged: (device: Device, count: number) => void;
  readonly onEvent: (device: Device, type: string) => void;
}

export class Device {
  readonly process: SimProcess;
  readonly plan: DevicePlan;
  readonly recordingId: string;
  readonly words: SpokenWord[] = [];
  /** Messages recorded. */
  recorded = 0;
  acknowledged = 0;
  /** It recorded everything it wanted to, and all of it is acknowledged. */
  done = false;
  readonly #links: DeviceLinks;
  readonly #log = new MemoryMessageLog();
  readonly #socket: ListenSocket;
  #conversationId: string | undefined;

  constructor(process: SimProcess, plan: DevicePlan, links: DeviceLinks) {
    this.process = process;
    this.plan = plan;
    this.#links = links;
    this.recordingId = process.random.uuid();
    this.#socket = new ListenSocket({
      server: "http://gateway",
      token: plan.userId,
      recordingId: this.recordingId,
      codec: "pcm16",
      sampleRate: SAMPLE_RATE,
      conversationTimeoutSeconds: plan.timeoutMs / 1000,
      connect: simulatedConnect(links.network, process),
      clock: process.clock,
      random: process.random,
      log: this.#log,
    });
    this.#socket.on((event) => {
      links.onEvent(this, event.type);
      if (event.type === "audio_ack") {
        this.acknowledged = Math.max(this.acknowledged, event.sequence);
        links.onAcknowledged(this, event.sequence);
      }
      if (event.type === "conversation_session" && event.status === "in_progress") {
        this.#conversationId = event.conversation_id;
      }
    });
  }

  get isGone(): boolean {
    return this.process.isDead;
  }

  async run(): Promise<void> {
    const { random } = this.process;
    await sleep(this.process.clock, random.between(0, 1_500));
    this.#socket.start();
    const untilMs = this.process.clock.now() + this.plan.speakMs;
    while (this.process.clock.now() < untilMs) {
      for (let words = random.int(1, 7); words > 0; words--) await this.#speak();
      await this.#pause();
    }
    await this.#socket.drain();
    this.done = true;
    // What was said last may still become words on this connection; then the recorder is put away.
    await sleep(this.process.clock, random.between(0, 2_000));
    this.#socket.close();
  }

  async #speak(): Promise<void> {
    const { random } = this.process;
    const number = this.words.length;
    this.words.push({ name: wordName(this.plan.number, number), message: this.recorded });
    await this.#record(number, true);
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
    this.#socket.send(soundMessage(this.plan.number, word, isVoice));
    this.recorded += 1;
  }
}

/** The client's transport over the simulated network. */
function simulatedConnect(network: SimNetwork, process: SimProcess): Connect {
  return (target, handlers) => {
    const url = listenUrl(target, "/v4/listen");
    const socket = network.connect(process, url, { headers: { authorization: `Bearer ${target.token}` } });
    let refusal: { httpStatus: number } | undefined;
    socket.on("open", () => handlers.opened());
    socket.on("message", (data: Buffer, isBinary: boolean) => {
      if (!isBinary) handlers.message(data.toString());
    });
    socket.on("unexpected-response", (_request, response: { statusCode: number }) => {
      refusal = { httpStatus: response.statusCode };
      socket.terminate();
    });
    socket.on("error", () => {});
    socket.on("close", (code: number, reason: Buffer) =>
      handlers.closed({ code, reason: reason.toString(), ...refusal }),
    );
    return {
      send: (message) => {
        if (socket.readyState === socket.OPEN) socket.send(message);
      },
      close: (code, reason) => socket.close(code, reason),
      get bufferedAmount() {
        return socket.bufferedAmount;
      },
    };
  };
}
