/** Stream time, message counts and wall time must agree for any run of messages. */
import { captureTime, Timeline } from "@holdfast/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

describe("captureTime", () => {
  it("starts with the arrival of the first message", () => {
    expect(captureTime(undefined, 1_000, 20)).toBe(1_000);
  });
  it("follows the sound while messages jitter or arrive faster than real time", () => {
    expect(captureTime(1_020, 1_900, 20)).toBe(1_020);
    expect(captureTime(9_000, 1_900, 20)).toBe(9_000);
  });
  it("jumps where the client was silent on the wire", () => {
    expect(captureTime(1_020, 61_020, 20)).toBe(61_000);
  });
});

describe("Timeline", () => {
  it("knows nothing before the first message", () => {
    const timeline = new Timeline();
    expect(timeline.messagesBefore(100)).toBeUndefined();
    expect(timeline.wallAt(0)).toBeUndefined();
  });

  it("counts only messages that ended", () => {
    const timeline = new Timeline();
    for (let i = 0; i < 5; i += 1) timeline.push(100 + i, 20, 1_000 + 20 * i);
    expect(timeline.messagesBefore(19)).toBeUndefined();
    expect(timeline.messagesBefore(20)).toBe(101);
    expect(timeline.messagesBefore(100)).toBe(105);
    expect(timeline.messagesBefore(1e9)).toBe(105);
  });

  it("carries pauses of the client into wall time", () => {
    const timeline = new Timeline();
    timeline.push(0, 1_000, 50_000);
    timeline.push(1, 1_000, 90_000);
    expect(timeline.wallAt(500)).toBe(50_500);
    expect(timeline.wallAt(1_500)).toBe(90_500);
  });

  it("answers the same for what is still open after forgetting, and stays small", () => {
    const durations = fc.array(fc.constantFrom(10, 20, 2.5, 60), { minLength: 1, maxLength: 80 });
    fc.assert(
      fc.property(durations, fc.double({ min: 0, max: 1, noNaN: true }), (list, share) => {
        const timeline = new Timeline();
        list.forEach((ms, index) => {
          timeline.push(index, ms, 1_000 * index);
        });
        const cut = timeline.endMs * share;
        const later = cut + (timeline.endMs - cut) / 2;
        const before = [timeline.messagesBefore(later), timeline.wallAt(later), timeline.wallAt(cut)];
        timeline.forget(cut);
        expect([timeline.messagesBefore(later), timeline.wallAt(later), timeline.wallAt(cut)]).toEqual(before);
        timeline.forget(timeline.endMs);
        expect(timeline.size).toBeLessThanOrEqual(1);
      }),
    );
  });
});
