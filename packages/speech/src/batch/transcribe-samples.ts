/**
 * A whole recording to segments: voice activity and segmentation as for a stream, but as fast as the slots allow and with
 * pieces as long as the recogniser likes them. Only a few pieces wait at a time, so a long recording holds little more
 * memory than its samples.
 */
import type { Engine } from "../engine/engine.ts";
import type { Recogniser } from "../recognise/recogniser.ts";
import { BATCH_SEGMENTS, createSegmenter, type SegmentAction, WINDOW_SAMPLES } from "../segment/segmenter.ts";

export interface TextSegment {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

const SAMPLE_RATE = 16_000;
/** One second or so of windows per question, so that live streams get their answers in between. */
const STEP = 31 * WINDOW_SAMPLES;
const MAX_WAITING = 4;

/** Segments in order, in seconds. Rejects with the signal's reason, or as the engine does. */
export async function transcribeSamples(
  samples: Float32Array,
  deps: { readonly engine: Engine; readonly recogniser: Recogniser; readonly signal: AbortSignal },
): Promise<TextSegment[]> {
  const { engine, recogniser, signal } = deps;
  const segmenter = createSegmenter(BATCH_SEGMENTS);
  // A death shows in the next answer.
  const vad = engine.openVad(() => {});
  recogniser.warm();
  const pieces: Promise<TextSegment>[] = [];
  const take = async (actions: readonly SegmentAction[]): Promise<void> => {
    for (const action of actions) {
      if (action.type !== "utterance") continue;
      const { hear, start, end } = action;
      const piece = recogniser
        .recognise(samples.subarray(hear, end), "batch", signal)
        .then((text) => ({ start: start / SAMPLE_RATE, end: end / SAMPLE_RATE, text }));
      // Awaited below; a failure of a later piece must not go unseen while an earlier one is awaited.
      piece.catch(() => {});
      pieces.push(piece);
      await pieces[pieces.length - MAX_WAITING];
    }
  };
  try {
    for (let at = 0; at < samples.length; at += STEP) {
      signal.throwIfAborted();
      const step = samples.slice(at, at + STEP);
      const whole = step.subarray(0, Math.floor(step.length / WINDOW_SAMPLES) * WINDOW_SAMPLES);
      const flags = await vad.push(whole);
      for (const [i, flag] of flags.entries()) {
        await take(segmenter.push(flag === 1, energy(whole, i * WINDOW_SAMPLES)));
      }
    }
    await take(segmenter.flush(samples.length));
    return (await Promise.all(pieces)).filter(({ text }) => text !== "");
  } finally {
    vad.close();
  }
}

function energy(samples: Float32Array, from: number): number {
  let sum = 0;
  for (let i = from; i < from + WINDOW_SAMPLES; i++) sum += (samples[i] ?? 0) ** 2;
  return sum;
}
