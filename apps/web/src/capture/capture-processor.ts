/**
 * The audio worklet: mixes the microphone to mono, brings it to 16 kHz and posts frames of 20 ms. It runs on the audio
 * thread, so that a busy page loses no sound; everything slow (encoding, the network) happens on the other side of the port.
 */
import { CAPTURE_RATE, FRAME_SAMPLES, type FromWorklet, PROCESSOR_NAME, type ToWorklet } from "./frame.ts";
import { Resampler } from "./resampler.ts";

/** The part of AudioWorkletGlobalScope that TypeScript's DOM library does not declare. */
declare const sampleRate: number;
declare const registerProcessor: (name: string, processor: new () => unknown) => void;
declare const AudioWorkletProcessor: new () => { readonly port: MessagePort };

class CaptureProcessor extends AudioWorkletProcessor {
  readonly #resampler = new Resampler(Math.round(sampleRate), CAPTURE_RATE);
  #frame = new Float32Array(FRAME_SAMPLES);
  #filled = 0;
  #stopped = false;

  constructor() {
    super();
    this.port.onmessage = (event: MessageEvent<ToWorklet>) => {
      if (event.data.type === "flush") this.#finish();
    };
  }

  /** Called by the browser with 128 samples per channel. Returning false lets the node be collected. */
  process(inputs: readonly (readonly Float32Array[])[]): boolean {
    const channels = inputs[0] ?? [];
    if (!this.#stopped && channels.length > 0) this.#take(this.#resampler.process(mixToMono(channels)));
    return !this.#stopped;
  }

  #take(samples: Float32Array): void {
    for (const sample of samples) {
      this.#frame[this.#filled] = sample;
      this.#filled += 1;
      if (this.#filled === FRAME_SAMPLES) this.#emit();
    }
  }

  #emit(): void {
    const samples = this.#frame;
    this.#frame = new Float32Array(FRAME_SAMPLES);
    this.#filled = 0;
    let energy = 0;
    for (const sample of samples) energy += sample * sample;
    this.#post({ type: "frame", samples, level: Math.sqrt(energy / FRAME_SAMPLES) }, [samples.buffer]);
  }

  #finish(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#take(this.#resampler.flush());
    if (this.#filled > 0) this.#emit();
    this.#post({ type: "flushed" });
  }

  #post(message: FromWorklet, transfer: Transferable[] = []): void {
    this.port.postMessage(message, transfer);
  }
}

function mixToMono(channels: readonly Float32Array[]): Float32Array {
  const [first = new Float32Array(0)] = channels;
  if (channels.length === 1) return first;
  const mono = new Float32Array(first.length);
  for (const channel of channels) {
    for (let i = 0; i < mono.length; i += 1) mono[i] = (mono[i] ?? 0) + (channel[i] ?? 0) / channels.length;
  }
  return mono;
}

registerProcessor(PROCESSOR_NAME, CaptureProcessor);
