/**
 * What brings the sound of a recorder to a gateway: the real client library, which keeps everything until it is acknowledged
 * and goes on with its recording on the next connection. (The other kind is in `plain-recorder.ts`.)
 */
import { type Connect, ListenSocket, type ListenSocketEvent, listenUrl, MemoryMessageLog } from "@holdfast/client";
import type { SimNetwork, SimProcess } from "@holdfast/testkit/simulator";
import { onChannel, SAMPLE_RATE } from "./sound.ts";

export interface SpokenWord {
  readonly name: string;
  /** Number of the message of the recording in which it begins. */
  readonly message: number;
  /** Of a call: whose voice. */
  readonly channel: number;
}

/** What is recorded in a tenth of a second. */
export interface RecordedSound {
  readonly message: Uint8Array;
  readonly channel: number;
  /** The word that begins in it. */
  readonly word: string | undefined;
}

/** One recording as its recorder knows it. */
export interface Recording {
  /** Undefined until the server has said it, where the server chooses it. */
  id: string | undefined;
  readonly words: SpokenWord[];
  messages: number;
}

export interface RecorderLinks {
  readonly network: SimNetwork;
  readonly userId: string;
  readonly timeoutMs: number;
  /** What else its address says. */
  readonly query: Readonly<Record<string, string>>;
  /** The server says that the first `count` messages of this recording are durable. */
  readonly onAcknowledged: (recordingId: string, count: number) => void;
  /** The conversation that takes sound from now on. */
  readonly onConversation: (conversationId: string) => void;
}

export interface Recorder {
  readonly recordings: readonly Recording[];
  /** Messages that it must still bring to the server. */
  readonly waiting: number;
  /** When it heard something on the connection that it has now; undefined without one. */
  readonly heardMs: number | undefined;
  start(): void;
  record(sound: RecordedSound): void;
  /** Resolves when it need keep nothing any more. */
  drain(): Promise<void>;
  close(): void;
}

export class LibraryRecorder implements Recorder {
  readonly recordings: readonly [Recording];
  readonly #socket: ListenSocket;
  readonly #links: RecorderLinks;
  readonly #process: SimProcess;
  #acknowledged = 0;
  #heardMs: number | undefined;

  constructor(process: SimProcess, links: RecorderLinks) {
    const id = process.random.uuid();
    this.#links = links;
    this.#process = process;
    this.recordings = [{ id, words: [], messages: 0 }];
    this.#socket = new ListenSocket({
      server: "http://gateway",
      token: links.userId,
      recordingId: id,
      codec: "pcm16",
      sampleRate: SAMPLE_RATE,
      conversationTimeoutSeconds: links.timeoutMs / 1000,
      connect: simulatedConnect(links, process),
      clock: process.clock,
      random: process.random,
      log: new MemoryMessageLog(),
    });
    this.#socket.on((event) => this.#hear(id, event));
  }

  get waiting(): number {
    return this.recordings[0].messages - this.#acknowledged;
  }

  get heardMs(): number | undefined {
    return this.#socket.status === "open" ? this.#heardMs : undefined;
  }

  start(): void {
    this.#socket.start();
  }

  record({ message, channel, word }: RecordedSound): void {
    const [recording] = this.recordings;
    if (word !== undefined) recording.words.push({ name: word, message: recording.messages, channel });
    recording.messages += 1;
    this.#socket.send(onChannel(channel, message));
  }

  async drain(): Promise<void> {
    await this.#socket.drain();
  }

  close(): void {
    this.#socket.close();
  }

  #hear(id: string, event: ListenSocketEvent): void {
    if (event.type === "status") this.#heardMs = undefined;
    else this.#heardMs = this.#process.clock.now();
    if (event.type === "audio_ack") {
      this.#acknowledged = Math.max(this.#acknowledged, event.sequence);
      this.#links.onAcknowledged(id, event.sequence);
    }
    if (event.type === "conversation_session" && event.status === "in_progress") {
      this.#links.onConversation(event.conversation_id);
    }
  }
}

/** The client's transport over the simulated network. */
function simulatedConnect({ network, query }: RecorderLinks, process: SimProcess): Connect {
  return (target, handlers) => {
    const url = listenUrl({ ...target, query: { ...target.query, ...query } }, "/v4/listen");
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
