/**
 * From seconds within a piece to wall time, and back to seconds within a conversation. Times are kept inside the piece: an
 * engine that answers with times beyond the sound it was given must not push words into the next conversation.
 */
import { SAMPLES_PER_MS } from "../decode/lengths.ts";
import type { Utterance } from "./transcriber.ts";

export interface SpokenSpan {
  readonly startMs: number;
  readonly endMs: number;
  readonly text: string;
}

/** A piece in the time of the world: where its source began, and where it lies in the source. */
export interface PiecePlace {
  readonly sourceStartMs: number;
  readonly startSample: number;
  readonly sampleCount: number;
}

/** Wall times of utterances, in order. `sourceStartMs` is the wall time of the source's first sample. */
export function spokenSpans(place: PiecePlace, utterances: readonly Utterance[]): SpokenSpan[] {
  const fromMs = place.sourceStartMs + place.startSample / SAMPLES_PER_MS;
  const lengthMs = place.sampleCount / SAMPLES_PER_MS;
  return utterances
    .map(({ start, end, text }) => {
      const startMs = fromMs + within(start * 1000, 0, lengthMs);
      return { startMs, endMs: fromMs + within(end * 1000, startMs - fromMs, lengthMs), text: storable(text) };
    })
    .sort((a, b) => a.startMs - b.startMs || a.endMs - b.endMs);
}

/** What an engine says and PostgreSQL refuses would fail the recording for ever. */
function storable(text: string): string {
  return text.replaceAll("\0", "").toWellFormed();
}

function within(value: number, low: number, high: number): number {
  return Number.isFinite(value) ? Math.min(Math.max(value, low), high) : low;
}
