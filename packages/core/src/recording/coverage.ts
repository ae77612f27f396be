/**
 * Whether a finished transcript holds a recording, for servers that acknowledge nothing: the spans of what was understood must
 * reach both edges of the recording and leave no hole that is longer than a pause in speech (reference client-sync 9.13). Not
 * covered is no proof of loss; it only means that the bytes are worth sending.
 */

/** Wall time, Unix milliseconds. */
export interface Span {
  readonly startMs: number;
  readonly endMs: number;
}

/** Longest pause that may lie between two spans, and between a span and an edge. */
export const PAUSE_TOLERANCE_MS = 30_000;

export function isCovered(recording: Span, transcript: readonly Span[]): boolean {
  const spans = transcript
    .filter(({ startMs, endMs }) => endMs > recording.startMs && startMs < recording.endMs)
    .sort((a, b) => a.startMs - b.startMs);
  if (spans.length === 0) return false;
  let reached = recording.startMs;
  for (const { startMs, endMs } of spans) {
    if (startMs - reached > PAUSE_TOLERANCE_MS) return false;
    reached = Math.max(reached, endMs);
  }
  return recording.endMs - reached <= PAUSE_TOLERANCE_MS;
}
