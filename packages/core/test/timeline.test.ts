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

  it("holds an hour of like messages in one entry, and begins another where the client paused or the length changes", () => {
    const timeline = new Timeline();
    for (let i = 0; i < 180_000; i += 1) timeline.push(i, 20, 5_000 + 20 * i);
    expect(timeline.size).toBe(1);
    expect(timeline.endMs).toBe(3_600_000);
    timeline.push(180_000, 20, 9_000_000);
    timeline.push(180_001, 40, 9_000_020);
    expect(timeline.size).toBe(3);
    expect(timeline.messagesBefore(3_600_020)).toBe(180_001);
    expect(timeline.messagesBefore(3_600_059)).toBe(180_001);
    expect(timeline.wallAt(3_600_030)).toBe(9_000_030);
  });

  it("counts the messages of other channels that lie between, also where they come unevenly", () => {
    const timeline = new Timeline();
    for (const [at, message] of [3, 5, 7, 8, 10].entries()) timeline.push(message, 20, 20 * at);
    expect([20, 40, 60, 80, 100].map((ms) => timeline.messagesBefore(ms))).toEqual([4, 6, 8, 9, 11]);
  });

  it("says what a plain list of all messages says", () => {
    const message = fc.record({
      durationMs: fc.constantFrom(0, 2.5, 20, 20, 20, 60, 85.25),
      pauseMs: fc.constantFrom(0, 0, 0, 0, 3_000),
      skipped: fc.constantFrom(0, 0, 0, 1),
    });
    fc.assert(
      fc.property(
        fc.array(message, { minLength: 1, maxLength: 60 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (list, share) => {
          const timeline = new Timeline();
          const plain: { index: number; startMs: number; endMs: number; wallMs: number }[] = [];
          let [index, endMs, wallMs] = [0, 0, 0];
          for (const { durationMs, pauseMs, skipped } of list) {
            index += skipped;
            wallMs += pauseMs;
            timeline.push(index, durationMs, wallMs);
            plain.push({ index, startMs: endMs, endMs: endMs + durationMs, wallMs });
            index += 1;
            endMs += durationMs;
            wallMs += durationMs;
          }
          const at = Math.floor(endMs * share);
          const last = plain.findLast((entry) => entry.endMs <= at + 0.5);
          expect(timeline.messagesBefore(at)).toBe(last === undefined ? undefined : last.index + 1);
          const within = plain.findLast((entry) => entry.startMs <= at) ?? plain[0];
          expect(timeline.wallAt(at)).toBeCloseTo((within?.wallMs ?? 0) + at - (within?.startMs ?? 0), 3);
          expect(timeline.endMs).toBeCloseTo(endMs, 3);
        },
      ),
    );
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
