/** Speech is counted once, in the minute it was said, and leaves a window exactly when that minute does. */
import {
  caseRefOf,
  FAIR_USE_WINDOWS,
  fairUseMessage,
  isCaseRef,
  minuteOf,
  type SpeechMinute,
  speechMinutes,
  WINDOW_MS,
  windowTotals,
} from "@holdfast/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const NOW = Date.UTC(2026, 10, 1, 12);
const MINUTE = 60_000;

describe("a stretch of speech", () => {
  it("lies in the minutes of its capture", () => {
    expect(speechMinutes(NOW + 59_000, 62_500)).toEqual([
      { minuteMs: NOW, speechMs: 1_000 },
      { minuteMs: NOW + MINUTE, speechMs: 60_000 },
      { minuteMs: NOW + 2 * MINUTE, speechMs: 1_500 },
    ]);
    expect(speechMinutes(NOW, 0)).toEqual([]);
    expect(speechMinutes(NOW, -5)).toEqual([]);
  });

  it("loses and gains nothing by being cut into minutes, whatever its borders", () => {
    const start = fc.double({ min: 0, max: 2e12, noNaN: true });
    fc.assert(
      fc.property(start, fc.double({ min: 0, max: 1e7, noNaN: true }), (startMs, lengthMs) => {
        const minutes = speechMinutes(startMs, lengthMs);
        expect(minutes.reduce((sum, { speechMs }) => sum + speechMs, 0)).toBe(Math.round(lengthMs));
        for (const { minuteMs, speechMs } of minutes) {
          expect(minuteOf(minuteMs)).toBe(minuteMs);
          expect(speechMs > 0 && speechMs <= MINUTE).toBe(true);
        }
      }),
    );
  });
});

describe("a rolling window", () => {
  const minute = fc.record({
    minuteMs: fc.integer({ min: 0, max: 12_000 }).map((ago) => minuteOf(NOW) - ago * MINUTE),
    speechMs: fc.integer({ min: 1, max: MINUTE }),
  });

  it("is the sum of the minutes in it", () => {
    fc.assert(
      fc.property(fc.array(minute), fc.integer({ min: 0, max: MINUTE - 1 }), (minutes, offsetMs) => {
        const nowMs = NOW + offsetMs;
        const totals = windowTotals(minutes, nowMs);
        for (const window of FAIR_USE_WINDOWS) {
          let expected = 0;
          for (const { minuteMs, speechMs } of minutes) if (nowMs - minuteMs < WINDOW_MS[window]) expected += speechMs;
          expect(totals[window]).toBe(expected);
        }
        expect(totals.daily <= totals.three_day && totals.three_day <= totals.weekly).toBe(true);
      }),
    );
  });

  it("lets go of a minute when it is as old as the window is long", () => {
    const minutes: SpeechMinute[] = [{ minuteMs: NOW, speechMs: 7 }];
    expect(windowTotals(minutes, NOW + WINDOW_MS.daily - 1)).toEqual({ daily: 7, three_day: 7, weekly: 7 });
    expect(windowTotals(minutes, NOW + WINDOW_MS.daily)).toEqual({ daily: 0, three_day: 7, weekly: 7 });
    expect(windowTotals(minutes, NOW + WINDOW_MS.weekly)).toEqual({ daily: 0, three_day: 0, weekly: 0 });
  });
});

describe("a case", () => {
  it("has a reference of twelve upper-case hex digits, which the user is told", () => {
    const ref = caseRefOf("0a1b2c3d-4e5f-4aaa-8bbb-cccccccccccc");
    expect(ref).toBe("FU-0A1B2C3D4E5F");
    expect(isCaseRef(ref)).toBe(true);
    expect(isCaseRef(ref.toLowerCase())).toBe(false);
    expect(fairUseMessage("restrict", ref)).toContain(ref);
    expect(fairUseMessage("none", ref)).not.toContain(ref);
    expect(fairUseMessage("throttle", "")).not.toContain("Reference");
  });
});
