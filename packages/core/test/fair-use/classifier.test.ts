/** The default classifier knows what people do not do, and leaves a talkative person alone. */
import {
  type ClassifierInput,
  deterministicClassifier,
  judgeMinutes,
  type SpeechMinute,
  windowTotals,
} from "@holdfast/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { policyWith } from "./policy.ts";

const NOW = Date.UTC(2026, 10, 1, 12);
const MINUTE = 60_000;
const caps = policyWith().caps.default;

/** `count` minutes of so much speech, the last of them just now; `every` minutes apart. */
function talk(count: number, speechMs: number, every = 1): SpeechMinute[] {
  return Array.from({ length: count }, (_, index) => ({ minuteMs: NOW - (count - index) * every * MINUTE, speechMs }));
}

function input(minutes: readonly SpeechMinute[]): ClassifierInput {
  return { userId: "u1", exceeded: ["daily"], totals: windowTotals(minutes, NOW), caps, minutes, nowMs: NOW };
}

describe("the default classifier", () => {
  it("lets a long day of meetings pass: hours of speech, with pauses", () => {
    // Five hours in which every fourth minute belongs to somebody who thinks.
    const minutes = talk(300, 40_000).map((minute, index) => ({
      ...minute,
      speechMs: index % 4 === 3 ? 5_000 : 50_000,
    }));
    expect(judgeMinutes(input(minutes))).toMatchObject({ type: "unknown" });
    expect(judgeMinutes(input(minutes)).score).toBeLessThan(0.7);
  });

  it("notices a voice that never pauses", () => {
    expect(judgeMinutes(input(talk(330, 58_000)))).toMatchObject({ type: "prerecorded" });
    expect(judgeMinutes(input(talk(330, 58_000))).score).toBeGreaterThanOrEqual(0.7);
  });

  it("notices more speech than time", () => {
    const verdict = judgeMinutes(input(talk(150, 110_000, 3)));
    expect(verdict).toMatchObject({ type: "commercial" });
    expect(verdict.score).toBeGreaterThanOrEqual(0.7);
  });

  it("notices somebody who never sleeps", () => {
    const verdict = judgeMinutes(input(talk(600, 40_000, 2.4)));
    expect(verdict.evidence.sleepless).toBe(1);
    expect(verdict.score).toBeGreaterThanOrEqual(0.7);
  });

  it("notices many times the cap without any other sign", () => {
    const minutes = talk(720, 59_000).map((minute, index) =>
      index % 30 === 0 ? { ...minute, speechMs: 1_000 } : minute,
    );
    expect(judgeMinutes(input(minutes)).score).toBeGreaterThanOrEqual(0.7);
  });

  it("answers through the port, with a score between 0 and 1, whatever it is shown", async () => {
    const minute = fc.record({
      minuteMs: fc.integer({ min: 0, max: 10_080 }).map((ago) => NOW - ago * MINUTE),
      speechMs: fc.integer({ min: 0, max: 300_000 }),
    });
    fc.assert(
      fc.property(fc.array(minute), fc.boolean(), (minutes, noCaps) => {
        const sorted = [...minutes].sort((a, b) => a.minuteMs - b.minuteMs);
        const none = { daily: 0, three_day: 0, weekly: 0 };
        const { score } = judgeMinutes({ ...input(sorted), ...(noCaps ? { caps: none } : {}) });
        expect(score >= 0 && score <= 1).toBe(true);
      }),
    );
    expect(await deterministicClassifier.classify(input([]))).toMatchObject({ score: 0 });
  });
});
