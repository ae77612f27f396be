/** Places of a transcript and positions in its sound, over gaps in both directions. */
import { describe, expect, it } from "vitest";
import { heardFrom, placeOf, positionOf, soundLength, soundSpans, spokenAt } from "./sound-place.ts";

/** A second before the first word, then ten minutes of nothing, then five seconds, and ten more that overlap with them. */
const SPANS = [
  { wall_offset: -1, artifact_offset: 0, len: 11 },
  { wall_offset: 600, artifact_offset: 11, len: 5 },
  { wall_offset: 604, artifact_offset: 16, len: 10 },
];

describe("a position in the sound", () => {
  it.each([
    ["the first word", 0, 1],
    ["the beginning of the sound", -1, 0],
    ["before it", -5, 0],
    ["inside the first part", 9.5, 10.5],
    ["the first moment of a gap", 10, 11],
    ["inside a gap", 300, 11],
    ["the second part", 602.5, 13.5],
    ["what two parts cover", 604.5, 15.5],
    ["behind the part that ends first", 605, 17],
  ])("is found for %s", (_what, place, position) => expect(positionOf(SPANS, place)).toBeCloseTo(position, 9));

  it("is not there behind the end, nor without sound", () => {
    expect(positionOf(SPANS, 614)).toBeUndefined();
    expect(positionOf([], 0)).toBeUndefined();
  });
});

describe("a segment", () => {
  it.each([
    ["from its first word", { start: 2, end: 4 }, 3],
    ["from where its sound begins", { start: 598, end: 603 }, 11],
    ["not, where it lies in a gap", { start: 300, end: 310 }, undefined],
    ["not, behind the end", { start: 620, end: 625 }, undefined],
    ["at its place where it has no length", { start: 601, end: 601 }, 12],
  ])("is heard %s", (_what, segment, position) => expect(heardFrom(SPANS, segment)).toBe(position));
});

describe("a place in the conversation", () => {
  it.each([
    ["of the beginning", 0, -1],
    ["inside the first part", 10.5, 9.5],
    ["at the seam", 11, 600],
    ["a little before the seam, where players stop", 10.97, 599.97],
    ["inside the second part", 13.5, 602.5],
    ["of the end", 26, 614],
  ])("is found %s", (_what, position, place) => expect(placeOf(SPANS, position)).toBeCloseTo(place, 9));

  it("is where the sound was asked to begin, for every second that has sound", () => {
    for (let place = -1; place < 604; place += place === 9 ? 591 : 1) {
      expect(placeOf(SPANS, positionOf(SPANS, place) ?? Number.NaN)).toBeCloseTo(place, 9);
    }
  });
});

describe("what is spoken", () => {
  const segments = [
    { id: "a", start: 0, end: 4 },
    { id: "b", start: 3, end: 3.5 },
    { id: "c", start: 10, end: 12 },
  ];

  it.each([
    [-0.01, "a"],
    [2.9, "a"],
    [3.2, "b"],
    [4.6, "a"],
    [5.1, null],
    [9.96, "c"],
    [13.1, null],
  ])("at %d s is %s", (place, id) => expect(spokenAt(segments, place)).toBe(id));
});

describe("the sound of a conversation", () => {
  it("is what the server says, and none where it says nothing that can be read", () => {
    expect(soundSpans({ conversation_audio: { spans: SPANS } })).toEqual(SPANS);
    expect(soundLength(SPANS)).toBe(26);
    for (const conversation_audio of [null, undefined, {}, { spans: "x" }, { spans: [null, { len: 1 }] }]) {
      expect(soundSpans({ conversation_audio })).toEqual([]);
    }
    expect(soundLength([])).toBe(0);
  });
});
