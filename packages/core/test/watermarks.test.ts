/** A watermark must never pass a message whose words are not known, however channels overtake one another. */
import { Watermarks } from "@holdfast/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

describe("watermarks of one channel", () => {
  it("are the highest count that was closed", () => {
    const marks = new Watermarks([0], 5);
    expect(marks.overall).toBe(5);
    for (let message = 5; message < 20; message += 1) marks.received(0, message);
    expect(marks.overall).toBe(5);
    expect(marks.after(0, 12)).toEqual({ transcribedMessages: 12, channelMarks: undefined });
    expect(marks.overall).toBe(5);
    marks.closed(0, 12);
    expect(marks.overall).toBe(12);
    marks.closed(0, 9);
    expect(marks.overall).toBe(12);
    expect(marks.markOf(0)).toBe(12);
  });

  it("tell what a repair took over from what is closed anyway", () => {
    const marks = new Watermarks([0], 0);
    for (let message = 0; message < 10; message += 1) marks.received(0, message);
    marks.closed(0, 10);
    expect(marks.isOpenBefore(0, 10)).toBe(false);
    expect(marks.isOpenBefore(0, 11)).toBe(true);
    marks.received(0, 10);
    expect(marks.isOpenBefore(0, 11)).toBe(true);
  });
});

describe("watermarks of two channels", () => {
  it("wait for the channel that is behind", () => {
    const marks = new Watermarks([1, 2], 0);
    for (let message = 0; message < 10; message += 1) {
      const channel = message % 2 === 0 ? 1 : 2;
      marks.received(channel, message);
      marks.passed(3 - channel, message + 1);
    }
    marks.closed(1, 10);
    expect(marks.overall).toBe(1);
    expect(marks.after(2, 6)).toEqual({ transcribedMessages: 7, channelMarks: { 1: 10, 2: 6 } });
    marks.closed(2, 10);
    expect(marks.overall).toBe(10);
  });

  it("do not pass what a channel has not looked at yet", () => {
    const marks = new Watermarks([1, 2], 100, { 1: 150 });
    for (let message = 100; message < 200; message += 1) marks.received(1, message);
    marks.closed(1, 200);
    expect(marks.overall).toBe(100);
    marks.passed(2, 120);
    expect(marks.overall).toBe(120);
  });

  it("start where each channel had got to", () => {
    const marks = new Watermarks([1, 2], 10, { 1: 30, 2: 10 });
    expect([marks.markOf(1), marks.markOf(2), marks.overall]).toEqual([30, 10, 10]);
    expect(marks.after(1, 0).channelMarks).toEqual({ 1: 30, 2: 10 });
  });

  it("never pass an open message and end at the last, in any order of events", () => {
    const event = fc.record({
      channel: fc.constantFrom(1, 2),
      kind: fc.constantFrom("audio", "close", "look"),
      n: fc.nat(40),
    });
    fc.assert(
      fc.property(fc.array(event, { maxLength: 120 }), (events) => {
        const marks = new Watermarks([1, 2], 0);
        const owner: number[] = [];
        const seen = new Map([
          [1, 0],
          [2, 0],
        ]);
        const closed = new Map([
          [1, 0],
          [2, 0],
        ]);
        /** As a recogniser does: looks at every message in order, its own and the other's. */
        const look = (channel: number): void => {
          for (let message = seen.get(channel) ?? 0; message < owner.length; message += 1) {
            if (owner[message] === channel) marks.received(channel, message);
            else marks.passed(channel, message + 1);
          }
          seen.set(channel, owner.length);
        };
        let before = 0;
        for (const { channel, kind, n } of events) {
          if (kind === "audio") owner.push(channel);
          if (kind === "look") look(channel);
          if (kind === "close") {
            const upTo = Math.min(n, seen.get(channel) ?? 0);
            marks.closed(channel, upTo);
            closed.set(channel, Math.max(closed.get(channel) ?? 0, upTo));
          }
          const overall = marks.overall;
          expect(overall).toBeGreaterThanOrEqual(before);
          before = overall;
          for (let message = 0; message < overall; message += 1) {
            const by = owner[message] ?? 0;
            expect(message < (seen.get(by) ?? 0) && message < (closed.get(by) ?? 0)).toBe(true);
          }
        }
        for (const channel of [1, 2]) {
          look(channel);
          marks.closed(channel, owner.length);
        }
        expect(marks.overall).toBe(owner.length);
      }),
    );
  });
});
