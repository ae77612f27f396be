/**
 * One live stream: messages in, results out. The order of things is fixed: every message is decoded when it comes and moves
 * the stream's clock by exactly its length; whole windows go to the engine for voice activity; the flags drive the
 * segmenter; what the segmenter closes is recognised and told in the order of time, each stretch once, end to end. Partials
 * are extra: at most one in flight, none while a final is due, further apart when the machine is busy.
 *
 * `finalize` and `finish` close everything received before them. A failure of the engine ends the session once, by
 * `onFailure`; nothing is told afterwards.
 */
import type { MessageDecoder } from "@holdfast/codecs";
import type { Clock } from "@holdfast/core";
import type { Engine } from "../engine/engine.ts";
import type { Recogniser } from "../recognise/recogniser.ts";
import {
  createSegmenter,
  type SegmentAction,
  type SegmenterOptions,
  type Utterance,
  WINDOW_SAMPLES,
} from "../segment/segmenter.ts";
import { AudioWindow } from "./audio-window.ts";

/** A stretch of the stream, in samples at 16 kHz. */
export interface Stretch {
  readonly start: number;
  readonly end: number;
  readonly text: string;
  readonly isFinal: boolean;
  readonly speechFinal: boolean;
  readonly fromFinalize: boolean;
}

export interface SessionDeps {
  readonly decoder: MessageDecoder;
  readonly engine: Engine;
  readonly recogniser: Recogniser;
  readonly clock: Clock;
  readonly segments: SegmenterOptions;
  readonly interim: boolean;
  readonly onStretch: (stretch: Stretch) => void;
  readonly onFailure: (error: unknown) => void;
}

export interface ListenSession {
  /** A message that an earlier stream has told: heard and not told, and before the clock begins. Before `audio` only. */
  context(message: Uint8Array): void;
  audio(message: Uint8Array): void;
  finalize(): void;
  /** Resolves when everything received is told. */
  finish(): Promise<void>;
  close(): void;
  /** Samples received and not yet told. */
  readonly backlog: number;
  /** Samples since the clock began. */
  readonly received: number;
}

const PARTIAL_INTERVAL_MS = 1_000;
/** An utterance without any words yet is looked at again sooner. */
const WORDLESS_INTERVAL_MS = 300;
/** A partial that took long is followed by a pause this many times as long. */
const PARTIAL_PAUSE_FACTOR = 2.5;
/** Least audio of a first partial: 0.3 s of pre-roll and 0.5 s of speech. */
const PARTIAL_MIN_SAMPLES = 12_800;

export function createListenSession(deps: SessionDeps): ListenSession {
  return new Session(deps);
}

class Session implements ListenSession {
  readonly #deps: SessionDeps;
  readonly #segmenter;
  readonly #audio = new AudioWindow();
  readonly #vad;
  /** Where the clock begins: after the context. Positions below count from the first sample of all. */
  #origin = 0;
  /** Samples that do not fill a window yet, as positions in the stream. */
  #unsentFrom = 0;
  /** Answers of the engine are handled one after the other. */
  #heard: Promise<void> = Promise.resolve();
  /** Results are told one after the other. */
  #told: Promise<void> = Promise.resolve();
  #toldTo = 0;
  #finalsDue = 0;
  #speculation: { start: number; end: number; text: Promise<string>; cancel: AbortController } | undefined;
  #partialInFlight = false;
  #nextPartialAt = 0;
  /** Start of the utterance of which words have been shown. */
  #shownFrom = -1;
  readonly #ended = new AbortController();

  constructor(deps: SessionDeps) {
    this.#deps = deps;
    this.#segmenter = createSegmenter(deps.segments);
    this.#vad = deps.engine.openVad((error) => this.#fail(error));
    deps.recogniser.warm();
  }

  get received(): number {
    return this.#audio.end - this.#origin;
  }

  get backlog(): number {
    return this.#audio.end - this.#toldTo;
  }

  context(message: Uint8Array): void {
    this.#take(message, (flags) => {
      for (const flag of flags) this.#segmenter.passOver(flag === 1);
    });
    this.#origin = this.#audio.end;
    this.#toldTo = this.#origin;
  }

  audio(message: Uint8Array): void {
    this.#take(message, (flags, samples) => this.#onFlags(flags, samples));
  }

  #take(message: Uint8Array, onFlags: (flags: Uint8Array, samples: Float32Array) => void): void {
    if (this.#ended.signal.aborted) return;
    this.#audio.append(this.#deps.decoder.decode(message));
    const windows = Math.floor((this.#audio.end - this.#unsentFrom) / WINDOW_SAMPLES);
    if (windows === 0) return;
    const samples = this.#audio.slice(this.#unsentFrom, this.#unsentFrom + windows * WINDOW_SAMPLES);
    this.#unsentFrom += samples.length;
    const flags = this.#vad.push(samples);
    // Handled when its turn comes; until then it may fail unseen.
    flags.catch(() => {});
    this.#hear(async () => onFlags(await flags, samples));
  }

  finalize(): void {
    this.#flush(true);
  }

  async finish(): Promise<void> {
    this.#flush(false);
    await this.#heard;
    await this.#told;
  }

  close(): void {
    if (this.#ended.signal.aborted) return;
    this.#ended.abort(new Error("the stream has ended"));
    this.#vad.close();
    this.#deps.decoder.close();
  }

  #fail(error: unknown): void {
    if (this.#ended.signal.aborted) return;
    this.close();
    this.#deps.onFailure(error);
  }

  /** Queues a step behind all earlier answers of the engine. */
  #hear(step: () => Promise<void> | void): void {
    this.#heard = this.#heard.then(step).catch((error: unknown) => this.#fail(error));
  }

  #flush(fromFinalize: boolean): void {
    if (this.#ended.signal.aborted) return;
    const end = this.#audio.end;
    this.#unsentFrom = end;
    this.#hear(() => {
      const actions = this.#segmenter.flush(end);
      // The last one answers: whoever asked waits for no more.
      for (const action of actions) this.#act(action, fromFinalize && action === actions.at(-1));
      // The answer to Finalize is owed even when there is nothing to close.
      if (fromFinalize && actions.length === 0) this.#tellSilence(end, end, true);
    });
  }

  #onFlags(flags: Uint8Array, samples: Float32Array): void {
    if (this.#ended.signal.aborted) return;
    flags.forEach((flag, i) => {
      const loudness = energy(samples, i * WINDOW_SAMPLES);
      for (const action of this.#segmenter.push(flag === 1, loudness)) this.#act(action, false);
    });
    this.#audio.dropBefore(this.#segmenter.neededFrom);
    this.#considerPartial();
  }

  #act(action: SegmentAction, fromFinalize: boolean): void {
    switch (action.type) {
      case "silence":
        this.#tellSilence(action.start, action.end, fromFinalize);
        return;
      case "speculate":
        this.#speculate(action);
        return;
      case "utterance":
        this.#tellUtterance(action, fromFinalize);
        return;
      default:
        action satisfies never;
    }
  }

  #tellSilence(start: number, end: number, fromFinalize: boolean): void {
    this.#tell(() => ({ start, end, text: "", isFinal: true, speechFinal: false, fromFinalize }));
  }

  #tellUtterance(action: Extract<SegmentAction, { type: "utterance" }>, fromFinalize: boolean): void {
    const { start, end, speechFinal } = action;
    const text = this.#takeSpeculation(start, end) ?? this.#recognise(action, this.#ended.signal);
    // Told later: a failure in between is handled when its turn comes.
    text.catch(() => {});
    this.#nextPartialAt = 0;
    this.#finalsDue += 1;
    this.#tell(async () => {
      const words = await text;
      this.#finalsDue -= 1;
      return { start, end, text: words, isFinal: true, speechFinal, fromFinalize };
    });
  }

  #tell(stretch: () => Promise<Stretch> | Stretch): void {
    this.#told = this.#told
      .then(async () => {
        const ready = await stretch();
        if (this.#ended.signal.aborted) return;
        this.#toldTo = ready.end;
        this.#onStretch(ready);
      })
      .catch((error: unknown) => this.#fail(error));
  }

  /** On the clock of the stream. The first window may have begun in the context. */
  #onStretch(stretch: Stretch): void {
    const onClock = (position: number): number => Math.max(0, position - this.#origin);
    this.#deps.onStretch({ ...stretch, start: onClock(stretch.start), end: onClock(stretch.end) });
  }

  #recognise({ hear, end }: Utterance, signal: AbortSignal): Promise<string> {
    return this.#deps.recogniser.recognise(this.#audio.slice(hear, end), "final", signal);
  }

  #speculate(guess: Utterance): void {
    this.#speculation?.cancel.abort(new Error("speech went on"));
    const cancel = new AbortController();
    const text = this.#recognise(guess, AbortSignal.any([this.#ended.signal, cancel.signal]));
    text.catch(() => {});
    this.#speculation = { start: guess.start, end: guess.end, text, cancel };
  }

  #takeSpeculation(start: number, end: number): Promise<string> | undefined {
    const guess = this.#speculation;
    this.#speculation = undefined;
    if (guess?.start === start && guess.end === end) return guess.text;
    guess?.cancel.abort(new Error("speech went on"));
    return undefined;
  }

  #considerPartial(): void {
    const { recogniser, interim, clock } = this.#deps;
    const open = this.#segmenter.open;
    if (!interim || !recogniser.partials || open === undefined || this.#partialInFlight || this.#finalsDue > 0) return;
    const began = clock.now();
    if (open.end - open.start < PARTIAL_MIN_SAMPLES || began < this.#nextPartialAt) return;
    this.#partialInFlight = true;
    const priority = this.#shownFrom === open.start ? "partial" : "first-partial";
    recogniser
      .recognise(this.#audio.slice(open.hear, open.end), priority, this.#ended.signal)
      .then((text) => {
        const took = clock.now() - began;
        const interval = text === "" ? WORDLESS_INTERVAL_MS : PARTIAL_INTERVAL_MS;
        this.#nextPartialAt = began + Math.max(interval, took * PARTIAL_PAUSE_FACTOR);
        const stale = this.#segmenter.open?.start !== open.start || this.#finalsDue > 0;
        if (stale || text === "" || this.#ended.signal.aborted) return;
        this.#shownFrom = open.start;
        const { start, end } = open;
        this.#onStretch({ start, end, text, isFinal: false, speechFinal: false, fromFinalize: false });
      })
      .catch((error: unknown) => this.#fail(error))
      .finally(() => {
        this.#partialInFlight = false;
      });
  }
}

function energy(samples: Float32Array, from: number): number {
  let sum = 0;
  for (let i = from; i < from + WINDOW_SAMPLES; i++) sum += (samples[i] ?? 0) ** 2;
  return sum;
}
