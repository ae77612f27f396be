/** Frames of Deepgram's shape, as our streaming route sends them. Times are seconds of the stream's own clock. */
import type { Stretch } from "./session.ts";

const SAMPLE_RATE = 16_000;

export function resultsFrame(stretch: Stretch): string {
  return JSON.stringify({
    type: "Results",
    channel_index: [0, 1],
    start: stretch.start / SAMPLE_RATE,
    duration: (stretch.end - stretch.start) / SAMPLE_RATE,
    is_final: stretch.isFinal,
    speech_final: stretch.speechFinal,
    from_finalize: stretch.fromFinalize,
    channel: { alternatives: [{ transcript: stretch.text, words: [] }] },
  });
}

export function metadataFrame(requestId: string, samples: number): string {
  return JSON.stringify({ type: "Metadata", request_id: requestId, duration: samples / SAMPLE_RATE, channels: 1 });
}
