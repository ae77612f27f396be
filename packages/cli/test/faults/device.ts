/**
 * What somebody speaks into: the client library over a real socket, playing the sample speech. It comes back by itself and
 * sends again what was not acknowledged, as every client of ours does, and keeps all it was told.
 */
import { randomUUID } from "node:crypto";
import {
  type CloseInfo,
  emptyTranscript,
  ListenSocket,
  type ListenSocketEvent,
  reduceTranscript,
  type TranscriptState,
  transcriptText,
} from "@holdfast/client";
import { systemClock, systemRandom } from "@holdfast/runtime";
import { jfkMessages, plainWords, type World, waitFor } from "@holdfast/testkit";
import { nodeConnect } from "../../src/connection/node-connect.ts";

/** In the quiet after "ask not", late enough for it to be an utterance. */
const PAUSE_MS = 5_300;
/** In the middle of "what your country can do for you". */
const MIDDLE_OF_AN_UTTERANCE_MS = 6_400;

export class Device {
  /** Of the recording, and so of its conversation. */
  readonly id: string = randomUUID();
  readonly events: ListenSocketEvent[] = [];
  /** Of the connections that ended. */
  readonly closeCodes: number[] = [];
  readonly #socket: ListenSocket;
  #transcript: TranscriptState = emptyTranscript;
  #isSafe = false;
  #isInTheMiddle = false;

  constructor(world: World) {
    this.#socket = new ListenSocket({
      server: world.url,
      token: world.token,
      recordingId: this.id,
      codec: "opus_fs320",
      sampleRate: 16_000,
      connect: (target, handlers) => {
        const closed = (info: CloseInfo): void => {
          this.closeCodes.push(info.code);
          handlers.closed(info);
        };
        return nodeConnect(target, { ...handlers, closed });
      },
      clock: systemClock,
      random: systemRandom,
    });
    this.#socket.on((event) => {
      this.events.push(event);
      // What is on the screen of this conversation stays there when the next one begins.
      const isNext = event.type === "conversation_session" && event.conversation_id !== this.id;
      if (!isNext) this.#transcript = reduceTranscript(this.#transcript, event);
    });
  }

  /** The words on its screen. */
  get screen(): readonly string[] {
    return plainWords(transcriptText(this.#transcript.segments));
  }

  /** It has said everything, and everything is durable. */
  get isSafe(): boolean {
    return this.#isSafe;
  }

  get isClosed(): boolean {
    return this.#socket.status === "ended";
  }

  heard<T extends ListenSocketEvent["type"]>(type: T): readonly Extract<ListenSocketEvent, { readonly type: T }>[] {
    return this.events.filter(
      (event): event is Extract<ListenSocketEvent, { readonly type: T }> => event.type === type,
    );
  }

  /** How often it was told that words flow. */
  get readies(): number {
    return this.heard("service_status").filter(({ status }) => status === "ready").length;
  }

  async connect(): Promise<void> {
    this.#socket.start();
    await waitFor("the session to be ready", () => this.readies > 0, 60_000);
  }

  /**
   * Speaks the fixture, `pace` times as fast as it was spoken, with a pause after "ask not". A device does not stop because a
   * connection does.
   */
  async speak(pace: number, pause: () => Promise<void>): Promise<void> {
    const { messages, frameMs } = await jfkMessages("opus_fs320");
    const say = async (from: number, to: number): Promise<void> => {
      const startedMs = Date.now();
      for (const [index, message] of messages.slice(from, to).entries()) {
        const waitMs = startedMs + (index * frameMs) / pace - Date.now();
        if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
        this.#socket.send(message);
      }
    };
    const quiet = PAUSE_MS / frameMs;
    const middle = MIDDLE_OF_AN_UTTERANCE_MS / frameMs;
    await say(0, quiet);
    await pause();
    await say(quiet, middle);
    this.#isInTheMiddle = true;
    await say(middle, messages.length);
  }

  /** Resolves when it has said half of an utterance, and goes on speaking. */
  async inTheMiddle(): Promise<void> {
    await waitFor("half of an utterance to be said", () => this.#isInTheMiddle, 90_000);
  }

  /** Until everything it said is durable. */
  async safe(): Promise<void> {
    await this.#socket.drain(AbortSignal.timeout(60_000));
    this.#isSafe = true;
  }

  close(): void {
    this.#socket.close();
  }
}
