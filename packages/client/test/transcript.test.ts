import type { Segment } from "@holdfast/contract";
import { describe, expect, test } from "vitest";
import {
  emptyTranscript,
  type ListenSocketEvent,
  reduceTranscript,
  transcriptText,
  upsertSegments,
} from "../src/index.ts";

const segment = (id: string, start: number, text = id): Segment => ({
  id,
  text,
  start,
  end: start + 1,
  speaker: "SPEAKER_00",
  speaker_id: 0,
  is_user: false,
  person_id: null,
  translations: [],
  speech_profile_processed: true,
  stt_provider: null,
});
const session = (id: string): ListenSocketEvent => ({
  type: "conversation_session",
  status: "in_progress",
  conversation_id: id,
  recording_session_id: null,
  lifecycle_version: null,
  lifecycle_phase: null,
  lifecycle_sequence: null,
});
const show = (...events: ListenSocketEvent[]): string =>
  transcriptText(events.reduce(reduceTranscript, emptyTranscript).segments);

describe("the transcript", () => {
  test("a segment that grows stays where it is", () => {
    expect(
      show(
        { type: "segments", segments: [segment("a", 0, "Ask"), segment("b", 5, "you")] },
        { type: "segments", segments: [segment("a", 0, "Ask not")] },
      ),
    ).toBe("Ask not you");
  });

  test("order is by time; what came earlier stays first at the same time", () => {
    expect(show({ type: "segments", segments: [segment("c", 2), segment("a", 1), segment("b", 1)] })).toBe("a b c");
  });

  test("deleted segments go, unknown ids are no matter", () => {
    expect(
      show(
        { type: "segments", segments: [segment("a", 0), segment("b", 1)] },
        { type: "segments_deleted", segment_ids: ["a", "zzz"] },
      ),
    ).toBe("b");
  });

  test("a resumed conversation keeps its words, another one begins empty", () => {
    const words: ListenSocketEvent = { type: "segments", segments: [segment("a", 0)] };
    expect(show(session("one"), words, session("one"))).toBe("a");
    expect(show(session("one"), words, session("two"))).toBe("");
    expect(show(words, session("one"))).toBe("a");
  });

  test("what does not concern it returns the same state", () => {
    const state = { conversationId: "x", segments: [segment("a", 0)] };
    expect(reduceTranscript(state, { type: "audio_ack", sequence: 1, recording_session_id: "r" })).toBe(state);
    expect(upsertSegments(state.segments, [])).toBe(state.segments);
    expect(reduceTranscript(state, { type: "segments_deleted", segment_ids: ["b"] }).segments).toBe(state.segments);
  });

  test("text leaves out what is empty", () => {
    expect(transcriptText([{ text: " And so, " }, { text: "  " }, { text: "my fellow" }])).toBe("And so, my fellow");
  });
});
