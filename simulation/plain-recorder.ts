/**
 * A recorder that speaks to a gateway without our client library, as many devices do: it names no recording, asks for no
 * acknowledgement and keeps nothing. What it records without a connection is gone; every connection is a recording of its
 * own, under an id that the server chooses. It connects again after a growing wait. Some recognise the words themselves and
 * send them as text beside the sound (`custom_stt`).
 */
import { listenUrl } from "@holdfast/client";
import type { SimProcess, SimSocket } from "@holdfast/testkit/simulator";
import { OwnWords } from "./own-words.ts";
import type { RecordedSound, Recorder, RecorderLinks, Recording } from "./recorder.ts";
import { MESSAGE_MS, onChannel, SAMPLE_RATE } from "./sound.ts";

const RETRY = { firstMs: 1_000, factor: 1.5, times: 8 } as const;

export class PlainRecorder implements Recorder {
  readonly recordings: Recording[] = [];
  readonly waiting = 0;
  readonly #process: SimProcess;
  readonly #links: RecorderLinks;
  readonly #bySocket = new Map<string, Recording>();
  #socket: SimSocket | undefined;
  #recording: Recording | undefined;
  #failures = 0;
  #isClosed = false;
  #heardMs: number | undefined;
  /** Words that are on their way with this connection; undefined where the server is to find them. */
  #own: OwnWords | undefined;

  constructor(process: SimProcess, links: RecorderLinks) {
    this.#process = process;
    this.#links = links;
  }

  get heardMs(): number | undefined {
    return this.#heardMs;
  }

  start(): void {
    const { network, userId, timeoutMs, query } = this.#links;
    const name = `${this.#process.name}/${this.#bySocket.size}`;
    const recording: Recording = { id: undefined, words: [], messages: 0 };
    this.#bySocket.set(name, recording);
    const target = {
      server: "http://gateway",
      token: userId,
      query: {
        codec: "pcm16",
        sample_rate: String(SAMPLE_RATE),
        conversation_timeout: String(timeoutMs / 1000),
        ...query,
      },
    };
    const url = listenUrl(target, "/v4/listen");
    const socket = network.connect(this.#process, url, {
      headers: { authorization: `Bearer ${userId}`, "x-simulated-socket": name },
    });
    this.#socket = socket;
    socket.on("open", () => {
      this.#failures = 0;
      this.#recording = recording;
      if (query.custom_stt === "enabled") this.#own = new OwnWords(this.#process.random);
      this.recordings.push(recording);
    });
    socket.on("message", (data: Buffer) => this.#hear(data.toString()));
    socket.on("unexpected-response", () => socket.terminate());
    socket.on("error", () => {});
    socket.on("close", () => this.#again());
  }

  /** The server chose an id for the recording of this connection; nothing of it is durable before. */
  named(socketName: string, id: string): void {
    const recording = this.#bySocket.get(socketName);
    if (recording !== undefined) recording.id = id;
  }

  record({ message, channel, word }: RecordedSound): void {
    const recording = this.#recording;
    if (recording === undefined || this.#socket?.readyState !== this.#socket?.OPEN) return;
    if (word !== undefined) {
      recording.words.push({ name: word, message: recording.messages, channel });
      this.#own?.heard(word, recording.messages * MESSAGE_MS);
    }
    recording.messages += 1;
    this.#socket?.send(onChannel(channel, message));
    const frame = this.#own?.due(recording.messages * MESSAGE_MS);
    if (frame !== undefined) this.#socket?.send(frame);
  }

  async drain(): Promise<void> {}

  close(): void {
    this.#isClosed = true;
    const rest = this.#own?.rest();
    if (rest !== undefined && this.#socket?.readyState === this.#socket?.OPEN) this.#socket?.send(rest);
    this.#socket?.close(1000);
  }

  #hear(text: string): void {
    this.#heardMs = this.#process.clock.now();
    if (!text.startsWith("{")) return;
    const event: { type?: string; status?: string; conversation_id?: string } = JSON.parse(text);
    if (event.type !== "conversation_session" || event.status !== "in_progress") return;
    if (event.conversation_id !== undefined) this.#links.onConversation(event.conversation_id);
  }

  #again(): void {
    this.#recording = undefined;
    this.#heardMs = undefined;
    this.#own = undefined;
    if (this.#isClosed) return;
    const ms = RETRY.firstMs * RETRY.factor ** Math.min(this.#failures, RETRY.times);
    this.#failures += 1;
    this.#process.after(ms, "connect again", () => {
      if (!this.#isClosed) this.start();
    });
  }
}
