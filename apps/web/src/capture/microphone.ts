/**
 * The microphone of one recording: the one that the person chose while it is connected, else whichever the system uses. It
 * changes over while the recording runs, when the person chooses another one, when the one in use goes away and when the chosen one
 * is back; it is lost only when no microphone is left. What else is to be heard is mixed in.
 */
import type { AudioInputs } from "./audio-inputs.ts";
import { CaptureError, microphoneProblem } from "./problem.ts";
import { openGraph, type SoundGraph } from "./sound-graph.ts";

export interface MicrophoneListener {
  onFrame(samples: Float32Array, level: number): void;
  /** Whether another microphone is heard than the person wants. */
  onOther(isOther: boolean): void;
  /** None is left (unplugged, or the permission was withdrawn). */
  onLost(): void;
}

export interface Microphone {
  /** Adds sound to the microphone's until the returned call. */
  mix(stream: MediaStream): () => void;
  stop(): Promise<void>;
}

/**
 * A room is recorded, not a phone call: the browser's echo and noise filters take quiet and distant voices for noise, so
 * they stay off; its gain control stays on.
 */
const CONSTRAINTS: MediaTrackConstraints = {
  ...{ channelCount: 1, echoCancellation: false, noiseSuppression: false, autoGainControl: true },
};

/** Throws CaptureError. */
export async function openMicrophone(listener: MicrophoneListener, inputs: AudioInputs): Promise<Microphone> {
  if (!window.isSecureContext) throw new CaptureError("insecure");
  if (navigator.mediaDevices === undefined || typeof AudioWorkletNode === "undefined") {
    throw new CaptureError("unsupported");
  }
  await inputs.refresh();
  const first = await openInput(inputs.wanted);
  try {
    const graph = await openGraph(listener.onFrame);
    // Only now do the microphones have names.
    await inputs.refresh();
    return new FollowedMicrophone(listener, inputs, graph, first);
  } catch (error) {
    close(first.stream);
    throw error;
  }
}

interface OpenInput {
  readonly stream: MediaStream;
  /** What the person wants. */
  readonly wanted: string | null;
  /** What the browser was asked for, which is the system's where the wanted one could not be had. */
  readonly asked: string | null;
  readonly isOther: boolean;
}

/** Throws CaptureError. */
async function openInput(wanted: string | null): Promise<OpenInput> {
  if (wanted !== null) {
    try {
      const stream = await listenTo({ ...CONSTRAINTS, deviceId: { exact: wanted } });
      return { stream, wanted, asked: wanted, isOther: false };
    } catch (error) {
      if (microphoneProblem(error) === "denied") throw new CaptureError("denied", error);
    }
  }
  const stream = await listenTo(CONSTRAINTS).catch((error: unknown) => {
    throw new CaptureError(microphoneProblem(error), error);
  });
  return { stream, wanted, asked: null, isOther: wanted !== null };
}

async function listenTo(audio: MediaTrackConstraints): Promise<MediaStream> {
  return await navigator.mediaDevices.getUserMedia({ audio });
}

function close(stream: MediaStream): void {
  for (const track of stream.getTracks()) {
    track.onended = null;
    track.stop();
  }
}

class FollowedMicrophone implements Microphone {
  readonly #listener: MicrophoneListener;
  readonly #inputs: AudioInputs;
  readonly #graph: SoundGraph;
  readonly #unsubscribe: () => void;
  #heard: OpenInput;
  #leave: () => void;
  /** One change at a time. */
  #turn: Promise<void> = Promise.resolve();
  #isStopped = false;

  constructor(listener: MicrophoneListener, inputs: AudioInputs, graph: SoundGraph, first: OpenInput) {
    this.#listener = listener;
    this.#inputs = inputs;
    this.#graph = graph;
    this.#heard = first;
    this.#leave = this.#join(first);
    this.#unsubscribe = inputs.subscribe(() => this.#follow());
    this.#follow();
  }

  mix(stream: MediaStream): () => void {
    return this.#graph.join(stream);
  }

  async stop(): Promise<void> {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#unsubscribe();
    for (const track of this.#heard.stream.getTracks()) track.onended = null;
    await this.#graph.close();
    close(this.#heard.stream);
  }

  #join(input: OpenInput): () => void {
    const leave = this.#graph.join(input.stream);
    for (const track of input.stream.getTracks()) track.onended = () => this.#inTurn(() => this.#replaceLost());
    return leave;
  }

  #follow(): void {
    this.#tell();
    this.#inTurn(() => this.#changeOver());
  }

  #inTurn(work: () => Promise<void>): void {
    this.#turn = this.#turn.then(async () => {
      if (!this.#isStopped) await work();
    });
  }

  /** One that cannot be had leaves the one that is heard. */
  async #changeOver(): Promise<void> {
    const { wanted } = this.#inputs;
    if (wanted === this.#heard.wanted) return;
    if (wanted === this.#heard.asked) this.#heard = { ...this.#heard, wanted, isOther: false };
    else {
      await this.#take(wanted).catch(() => {
        this.#heard = { ...this.#heard, wanted, isOther: true };
      });
    }
    this.#tell();
  }

  async #replaceLost(): Promise<void> {
    const isLost = (): boolean => this.#heard.stream.getTracks().every(({ readyState }) => readyState === "ended");
    if (!isLost()) return;
    const { wanted } = this.#heard;
    await this.#inputs.refresh();
    try {
      await this.#take(this.#inputs.wanted);
    } catch {
      if (!this.#isStopped) this.#listener.onLost();
      return;
    }
    // The system's choice was another one before.
    if (wanted === null) this.#heard = { ...this.#heard, isOther: true };
    this.#tell();
  }

  async #take(wanted: string | null): Promise<void> {
    const input = await openInput(wanted);
    if (this.#isStopped) return close(input.stream);
    const before = this.#heard;
    const leave = this.#leave;
    try {
      this.#leave = this.#join(input);
    } catch (error) {
      close(input.stream);
      throw error;
    }
    this.#heard = input;
    leave();
    close(before.stream);
  }

  #tell(): void {
    this.#listener.onOther(this.#heard.isOther || this.#inputs.snapshot().isGone);
  }
}
