/**
 * What one link has to send of words, sound and speaker samples (opcodes 102, 101, 105), and which conversation the pusher
 * believes the session to be in (103).
 *
 * - What is taken to be sent stays here until the socket took it, and returns to the front of its queue when the connection
 *   ends before; the next lot of a kind is not taken before. So a pusher that does not read fills these bounded queues and
 *   nothing else.
 * - Sound that is withheld (`core/link`) is not kept for later: it is a gap.
 * - Before sound, 103 is sent whenever its conversation differs from the last one announced on this connection. A conversation
 *   that begins while sound of the one before still waits is announced after that sound.
 */
import {
  type DecodableCodec,
  encodeAudio,
  encodeConversation,
  encodeSpeakerSample,
  encodeTranscript,
  type SpeakerSample,
  writeFrames,
} from "@holdfast/contract";
import {
  type BufferedSound,
  type BufferedWords,
  type DropOldest,
  samplesBuffer,
  soundBuffer,
  soundRuns,
  wordRuns,
  wordsBuffer,
} from "@holdfast/core";

/** Sends on the current connection; `done` as in `LinkSocket.send`. */
export type SendFrame = (frame: Uint8Array, done: (sent: boolean) => void) => void;

export class Outgoing {
  readonly #send: SendFrame;
  readonly #sound: Flow<BufferedSound>;
  readonly #words: Flow<BufferedWords>;
  readonly #samples: Flow<SpeakerSample>;
  #conversationId: string | undefined;
  #announced: string | undefined;
  #connected = false;
  #withheld = false;
  #withheldBytes = 0;

  constructor(
    { codec, channels = 1 }: { readonly codec: DecodableCodec; readonly channels?: number | undefined },
    soundLimit: () => number,
    send: SendFrame,
  ) {
    this.#send = send;
    const bare = codec === "pcm16" && channels < 2;
    this.#sound = new Flow(soundBuffer(bare, soundLimit), soundRuns, (run) => soundFrame(run, bare));
    this.#words = new Flow(wordsBuffer(), wordRuns, wordsFrame);
    this.#samples = new Flow(samplesBuffer<SpeakerSample>(), alone, ([sample]) => encodeSpeakerSample(sample));
  }

  /** Dropped from full queues since the link was made. */
  get dropped(): { readonly segments: number; readonly audioBytes: number; readonly samples: number } {
    const { dropped: segments } = this.#words.queue;
    const audioBytes = this.#sound.queue.dropped + this.#withheldBytes;
    return { segments, audioBytes, samples: this.#samples.queue.dropped };
  }

  /** A connection is there. Nothing was announced on it. */
  connected(): void {
    this.#connected = true;
    this.#announced = undefined;
    this.flush();
  }

  /** The connection is over: what the socket has not taken returns to its queue. */
  lost(): void {
    this.#connected = false;
    for (const flow of [this.#sound, this.#words, this.#samples]) flow.lost();
  }

  announce(conversationId: string): void {
    this.#conversationId = conversationId;
    this.#announceCurrent();
  }

  words(words: readonly BufferedWords[]): void {
    for (const word of words) this.#words.queue.push(word);
  }

  sound(sound: BufferedSound): void {
    this.#sound.queue.push(sound);
    if (this.#withheld) this.#forgetSound();
  }

  /** While it is withheld, sound is a gap: it is counted as dropped, what waits as well as what comes. */
  withhold(isWithheld: boolean): void {
    this.#withheld = isWithheld;
    if (isWithheld) this.#forgetSound();
  }

  #forgetSound(): void {
    this.#withheldBytes += this.#sound.queue.size;
    this.#sound.queue.take();
  }

  sample(sample: SpeakerSample): void {
    this.#samples.queue.push(sample);
    if (this.#connected) this.#samples.flush(this.#send, () => {});
  }

  /** Sound first, then words; `last`: also behind what the socket has not taken yet, since nothing comes after it. */
  flush(last = false): void {
    if (!this.#connected) return;
    this.#sound.flush(this.#send, (run) => this.#announceTo(run[0].conversationId), last);
    this.#announceCurrent();
    this.#words.flush(this.#send, () => {}, last);
    this.#samples.flush(this.#send, () => {}, last);
  }

  #announceCurrent(): void {
    if (!this.#connected || this.#conversationId === undefined || !this.#sound.queue.isEmpty) return;
    this.#announceTo(this.#conversationId);
  }

  #announceTo(conversationId: string): void {
    if (!this.#connected || this.#announced === conversationId) return;
    this.#announced = conversationId;
    this.#send(encodeConversation(conversationId), () => {});
  }
}

type Run<T> = readonly [T, ...T[]];

/** One kind of frames: a bounded queue, and what of it the socket has not taken yet. */
class Flow<T> {
  readonly queue: DropOldest<T>;
  readonly #split: (items: readonly T[]) => readonly (readonly T[])[];
  readonly #encode: (run: Run<T>) => Uint8Array;
  #flying: Run<T>[] = [];

  constructor(
    queue: DropOldest<T>,
    split: (items: readonly T[]) => readonly (readonly T[])[],
    encode: (run: Run<T>) => Uint8Array,
  ) {
    this.queue = queue;
    this.#split = split;
    this.#encode = encode;
  }

  flush(send: SendFrame, before: (run: Run<T>) => void, last = false): void {
    if (this.queue.isEmpty || (this.#flying.length > 0 && !last)) return;
    const runs = this.#split(this.queue.take()).filter(isRun);
    this.#flying.push(...runs);
    for (const run of runs) {
      before(run);
      // The connection ended under our hands, and everything is back in the queue.
      if (!this.#flying.includes(run)) return;
      send(this.#encode(run), (sent) => {
        if (sent) this.#flying = this.#flying.filter((other) => other !== run);
      });
    }
  }

  lost(): void {
    const unsent = this.#flying.flat();
    this.#flying = [];
    if (unsent.length > 0) this.queue.restore(unsent);
  }
}

function isRun<T>(items: readonly T[]): items is Run<T> {
  return items.length > 0;
}

function alone<T>(items: readonly T[]): T[][] {
  return items.map((item) => [item]);
}

function wordsFrame(run: Run<BufferedWords>): Uint8Array {
  return encodeTranscript({ segments: run.map((word) => word.segment), memory_id: run[0].conversationId });
}

function soundFrame(run: Run<BufferedSound>, bare: boolean): Uint8Array {
  const messages = run.map((sound) => sound.bytes);
  return encodeAudio(run[0].startMs / 1000, bare ? Buffer.concat(messages) : writeFrames(messages));
}
