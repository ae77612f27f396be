/**
 * Voice activity for many streams with few detectors: creating one costs 38 ms and 12 MB, resetting one nothing. The
 * detector's own idea of a segment is switched off (no smallest speech, no smallest silence), so that its flag is the plain
 * voice probability with hysteresis; what an utterance is decides the segmenter.
 */
import type { Vad, VadConfig } from "sherpa-onnx-node";
import { WINDOW_SAMPLES } from "../segment/segmenter.ts";

/** The model looks at 64 samples before each window; a fresh detector has to be given some. */
const CONTEXT_SAMPLES = 64;
const BUFFER_SECONDS = 30;
const MAX_SPARE = 4;

export interface VadPool {
  /** Flags for whole windows of the stream, in order. */
  flags(stream: number, samples: Float32Array): Uint8Array;
  forget(stream: number): void;
}

export function createVadPool(model: string, create: (config: VadConfig, bufferSeconds: number) => Vad): VadPool {
  const inUse = new Map<number, Vad>();
  const spare: Vad[] = [];
  const take = (): Vad => {
    const detector = spare.pop() ?? create(vadConfig(model), BUFFER_SECONDS);
    detector.reset();
    detector.acceptWaveform(new Float32Array(CONTEXT_SAMPLES));
    return detector;
  };
  return {
    flags(stream, samples): Uint8Array {
      const detector = inUse.get(stream) ?? take();
      inUse.set(stream, detector);
      const flags = new Uint8Array(Math.floor(samples.length / WINDOW_SAMPLES));
      for (let i = 0; i < flags.length; i++) {
        detector.acceptWaveform(samples.slice(i * WINDOW_SAMPLES, (i + 1) * WINDOW_SAMPLES));
        flags[i] = detector.isDetected() ? 1 : 0;
        while (!detector.isEmpty()) detector.pop();
      }
      return flags;
    },
    forget(stream): void {
      const detector = inUse.get(stream);
      inUse.delete(stream);
      if (detector !== undefined && spare.length < MAX_SPARE) spare.push(detector);
    },
  };
}

function vadConfig(model: string): VadConfig {
  return {
    sileroVad: {
      model,
      threshold: 0.5,
      minSilenceDuration: 0,
      minSpeechDuration: 0,
      maxSpeechDuration: 1e6,
      windowSize: WINDOW_SAMPLES,
    },
    sampleRate: 16_000,
    numThreads: 1,
    debug: false,
  };
}
