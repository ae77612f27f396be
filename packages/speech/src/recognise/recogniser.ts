/**
 * Samples of one utterance to text: by the embedded engine in a slot of the scheduler, or by a remote engine of OpenAI's
 * batch shape. Both refuse less than 0.1 s and never send more than 25 s, and both answer the empty string for no words.
 */
import { encodeWav16 } from "@holdfast/codecs";
import { type SttEngine, transcribe } from "@holdfast/stt-client";
import type { Engine } from "../engine/engine.ts";
import type { Priority, Scheduler } from "../engine/scheduler.ts";
import { collapseRepetition } from "./text.ts";

export interface Recogniser {
  /** Whether recognising a growing utterance again and again is cheap enough to show its words as they come. */
  readonly partials: boolean;
  /** Begins to load what is needed. */
  warm(): void;
  recognise(samples: Float32Array, priority: Priority, signal?: AbortSignal): Promise<string>;
}

const SAMPLE_RATE = 16_000;
const MIN_SAMPLES = SAMPLE_RATE / 10;
const MAX_SAMPLES = 25 * SAMPLE_RATE;
/** An empty answer to this much voice is asked again with the start cut off: a low noise there makes the model give up. */
const RETRY_MIN_SAMPLES = SAMPLE_RATE / 2;
const RETRY_CROP_SAMPLES = SAMPLE_RATE / 5;
const REMOTE_TIMEOUT_MS = 30_000;

export function embeddedRecogniser(engine: Engine, scheduler: Scheduler): Recogniser {
  return {
    partials: true,
    warm: () => engine.warm(),
    async recognise(samples, priority, signal): Promise<string> {
      if (samples.length < MIN_SAMPLES) return "";
      const decode = (part: Float32Array): Promise<string> =>
        scheduler.run(priority, () => engine.decode(part.subarray(0, MAX_SAMPLES)), signal);
      const text = collapseRepetition(await decode(samples));
      if (text !== "" || priority === "partial" || priority === "first-partial" || samples.length < RETRY_MIN_SAMPLES)
        return text;
      return collapseRepetition(await decode(samples.subarray(RETRY_CROP_SAMPLES)));
    },
  };
}

/** Each utterance is one request; partials would be one each second, so there are none. */
export function remoteRecogniser(engine: SttEngine, language: string | undefined): Recogniser {
  return {
    partials: false,
    warm: () => {},
    async recognise(samples, _priority, signal): Promise<string> {
      if (samples.length < MIN_SAMPLES) return "";
      const wav = encodeWav16(samples.subarray(0, MAX_SAMPLES), SAMPLE_RATE);
      const options = { language, timeoutMs: REMOTE_TIMEOUT_MS, ...(signal === undefined ? {} : { signal }) };
      return (await transcribe(engine, wav, options)).text;
    },
  };
}
