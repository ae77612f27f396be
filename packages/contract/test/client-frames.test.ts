/** Text frames of clients: what is understood, what is ignored, and that nothing throws. */
import { CLIENT_FRAME_LIMITS, type ClientFrame, FINALIZATION_REASONS, parseClientFrame } from "@holdfast/contract";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const parse = (value: unknown): ClientFrame => parseClientFrame(JSON.stringify(value));
const item = { text: "hello", start: 1, end: 2, is_user: true };

describe("a frame", () => {
  it("that nobody understands is ignored with its reason", () => {
    expect(parseClientFrame("ping")).toEqual({ type: "ignored", reason: "not_json" });
    for (const value of [1, "x", null, true, [], [{ type: "skip_question" }]]) {
      expect(parse(value)).toEqual({ type: "ignored", reason: "not_an_object" });
    }
    for (const value of [{}, { type: 1 }, { type: "constructor" }, { type: "__proto__" }, { type: "ping" }]) {
      expect(parse(value)).toEqual({ type: "ignored", reason: "unknown_type" });
    }
  });

  it("never throws, whatever is sent", () => {
    const types = ["speaker_assigned", "suggested_transcript", "image_chunk", "finalization_reason", "skip_question"];
    const objects = fc.record(
      { type: fc.constantFrom(...types), segments: fc.jsonValue(), id: fc.jsonValue(), index: fc.jsonValue() },
      { requiredKeys: ["type"] },
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          objects.map((value) => JSON.stringify(value)),
        ),
        (text) => {
          expect(typeof parseClientFrame(text).type).toBe("string");
        },
      ),
      { numRuns: 500 },
    );
  });

  it("without fields is just its type", () => {
    expect(parse({ type: "skip_question", more: 1 })).toEqual({ type: "skip_question" });
    expect(parse({ type: "start_onboarding" })).toEqual({ type: "start_onboarding" });
  });
});

describe("speaker_assigned", () => {
  const base = { type: "speaker_assigned", speaker_id: 1, person_id: "p", person_name: "Anna", segment_ids: ["s1"] };

  it("is taken whole", () => expect(parse(base)).toEqual(base));

  it("without a person takes the assignment back", () => {
    for (const person_id of ["", null, undefined])
      expect(parse({ ...base, person_id })).toMatchObject({ person_id: null });
    expect(parse({ type: "speaker_assigned", speaker_id: 0 })).toEqual({
      type: "speaker_assigned",
      speaker_id: 0,
      person_id: null,
      person_name: null,
      segment_ids: [],
    });
  });

  it.each([
    { speaker_id: -1 },
    { speaker_id: "1" },
    { speaker_id: 1.5 },
    { segment_ids: "s1" },
    { segment_ids: [1] },
    { segment_ids: ["a\0b"] },
    { segment_ids: Array.from({ length: CLIENT_FRAME_LIMITS.segmentIds + 1 }, (_, n) => `s${n}`) },
    { person_id: "x".repeat(CLIENT_FRAME_LIMITS.id + 1) },
  ])("with $speaker_id $person_id is malformed", (over) => {
    expect(parse({ ...base, ...over })).toEqual({ type: "ignored", reason: "malformed" });
  });
});

describe("suggested_transcript", () => {
  it("takes each item by itself: a bad one is dropped and counted, the others stay", () => {
    const segments = [
      item,
      { ...item, text: undefined },
      { ...item, is_user: undefined },
      { ...item, start: undefined },
      { ...item, end: null },
      { ...item, start: 3 },
      { ...item, start: -1 },
      { ...item, end: 1e9 },
      { ...item, text: 5 },
      { ...item, text: "x".repeat(CLIENT_FRAME_LIMITS.text + 1) },
      null,
      "text",
      { ...item, speaker: "SPEAKER_02", person_id: "p", translations: [] },
    ];
    expect(parse({ type: "suggested_transcript", segments, stt_provider: "mine" })).toEqual({
      type: "suggested_transcript",
      segments: [
        { ...item, person_id: null },
        { ...item, speaker: "SPEAKER_02", person_id: "p" },
      ],
      sttProvider: "mine",
      dropped: 11,
    });
  });

  it("removes what a database cannot hold", () => {
    const frame = parse({ type: "suggested_transcript", segments: [{ ...item, text: "a\0b\ud800c" }] });
    expect(frame).toMatchObject({ segments: [{ text: "ab\ufffdc" }] });
  });

  it("drops what is behind the limit, and needs a list", () => {
    const segments = Array.from({ length: CLIENT_FRAME_LIMITS.segments + 5 }, () => item);
    expect(parse({ type: "suggested_transcript", segments })).toMatchObject({ dropped: 5, sttProvider: null });
    expect(parse({ type: "suggested_transcript", segments: {} })).toEqual({ type: "ignored", reason: "malformed" });
    expect(parse({ type: "suggested_transcript", segments: [], stt_provider: 5 })).toMatchObject({ sttProvider: null });
  });
});

describe("image_chunk", () => {
  const chunk = { type: "image_chunk", id: "t", index: 0, total: 2, data: "AAAA" };

  it("is taken whole", () => expect(parse(chunk)).toEqual(chunk));

  it.each([
    { id: "" },
    { id: 1 },
    { index: 2 },
    { index: -1 },
    { index: 0.5 },
    { total: 0 },
    { total: CLIENT_FRAME_LIMITS.imageChunks + 1 },
    { data: "" },
    { data: 1 },
  ])("ends the session where it is wrong: %j", (over) => {
    expect(parse({ ...chunk, ...over })).toEqual({ type: "invalid", reason: "invalid image chunk" });
  });
});

describe("finalization_reason", () => {
  it.each([...FINALIZATION_REASONS])("knows %s", (reason) => {
    expect(parse({ type: "finalization_reason", reason })).toEqual({ type: "finalization_reason", reason });
  });

  it("ignores what it does not know", () => {
    expect(parse({ type: "finalization_reason", reason: "because" })).toEqual({ type: "ignored", reason: "malformed" });
  });
});
