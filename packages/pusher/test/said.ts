/** Segments and summary inputs that pusher tests begin with. */
import type { Segment } from "@holdfast/contract";
import type { SummaryInput } from "../src/summary/port.ts";

/** Wednesday 14 May 2025, 10:00 UTC. */
export const WEDNESDAY = Date.UTC(2025, 4, 14, 10);

/** One segment a text; speakers take turns. */
export function said(...texts: readonly string[]): Segment[] {
  return texts.map((text, index) => ({
    id: `s${index}`,
    text,
    speaker: `SPEAKER_0${index % 2}`,
    speaker_id: index % 2,
    is_user: false,
    person_id: null,
    start: index * 10,
    end: index * 10 + 9,
    translations: [],
    speech_profile_processed: true,
    stt_provider: "test",
  }));
}

export function inputOf(segments: readonly Segment[], over: Partial<SummaryInput> = {}): SummaryInput {
  return {
    conversationId: "c1",
    segments,
    language: "en",
    startedAtMs: WEDNESDAY,
    durationSeconds: segments.length * 10,
    mayDiscard: true,
    ...over,
  };
}
