/** How long a limit lasts, what a success disproves, and what of it survives a restart (reference client-sync 5.1, 5.2, 5.6). */
import {
  activeLimit,
  COOLDOWN,
  type Cooldown,
  type CooldownReason,
  needsFairUseCheck,
  OPEN,
  restoredCooldown,
  type StoredCooldown,
  stepCooldown,
  storedCooldown,
} from "@holdfast/core";
import { describe, expect, it } from "vitest";

const NOW = 1_800_000_000_000;
const DAY = 86_400_000;

function limited(reason: CooldownReason, retryAfterMs: number | null, nowMs = NOW, before: Cooldown = OPEN): Cooldown {
  return stepCooldown(before, { type: "limited", reason, retryAfterMs, nowMs });
}

/** How long uploads pause from now. */
function pauseMs(reason: CooldownReason, retryAfterMs: number | null): number {
  const limit = activeLimit(limited(reason, retryAfterMs), NOW);
  expect(limit?.reason).toBe(reason);
  return (limit?.untilMs ?? 0) - NOW;
}

describe("how long", () => {
  const reasons = ["fair_use", "backend_busy"] as const;

  it.each(reasons)("%s: what the server says", (reason) => {
    expect(pauseMs(reason, 1)).toBe(1);
    expect(pauseMs(reason, 3_600_000)).toBe(3_600_000);
  });

  it.each(reasons)("%s: half an hour where it says nothing, or nothing sensible", (reason) => {
    for (const said of [null, 0, -1, -DAY, Number.NaN]) expect(pauseMs(reason, said)).toBe(COOLDOWN.defaultMs);
  });

  it("fair use: 30 days at most", () => {
    expect(pauseMs("fair_use", 30 * DAY)).toBe(30 * DAY);
    expect(pauseMs("fair_use", 30 * DAY + 1)).toBe(30 * DAY);
    expect(pauseMs("fair_use", Number.POSITIVE_INFINITY)).toBe(30 * DAY);
  });

  it("busy: a day at most", () => {
    expect(pauseMs("backend_busy", DAY)).toBe(DAY);
    expect(pauseMs("backend_busy", DAY + 1)).toBe(DAY);
    expect(pauseMs("backend_busy", Number.POSITIVE_INFINITY)).toBe(DAY);
  });

  it("D32: a shorter wish leaves the longer one, but is the newer word", () => {
    const long = limited("fair_use", 600_000);
    const again = limited("fair_use", 1_000, NOW + 10, long);
    expect(again).toEqual({ fairUse: { untilMs: NOW + 600_000, setAtMs: NOW + 10 }, backendBusy: null });
  });
});

describe("what a success disproves (D33)", () => {
  const both = limited("backend_busy", 600_000, NOW + 10, limited("fair_use", 600_000));
  const after = (startedAtMs: number) => stepCooldown(both, { type: "succeeded", startedAtMs });

  it("only what was said before it began", () => {
    expect(after(NOW)).toBe(both);
    expect(after(NOW + 1)).toEqual({ ...both, fairUse: null });
    expect(after(NOW + 10)).toEqual({ ...both, fairUse: null });
    expect(after(NOW + 11)).toEqual(OPEN);
  });

  it("not what was said again while it went on", () => {
    const again = limited("fair_use", 1, NOW + 100, both);
    expect(stepCooldown(again, { type: "succeeded", startedAtMs: NOW + 50 })).toEqual({
      ...{ fairUse: again.fairUse, backendBusy: null },
    });
  });
});

describe("asking whether fair use still holds", () => {
  const ranOut = limited("fair_use", 1_000);
  const ask = (restricted: boolean | "unknown", nowMs: number, before: Cooldown = ranOut) =>
    stepCooldown(before, { type: "fair_use_checked", restricted, nowMs });

  it.each([true, "unknown"] as const)("%s pauses for another minute, each time it is asked again", (answer) => {
    let cooldown = ranOut;
    let nowMs = NOW + 1_000;
    for (let round = 0; round < 5; round += 1) {
      expect(needsFairUseCheck(cooldown, nowMs)).toBe(true);
      cooldown = ask(answer, nowMs, cooldown);
      expect(activeLimit(cooldown, nowMs)).toEqual({ reason: "fair_use", untilMs: nowMs + 60_000 });
      expect(needsFairUseCheck(cooldown, nowMs + 59_999)).toBe(false);
      nowMs += 60_000;
    }
    expect(ask(false, nowMs, cooldown)).toEqual(OPEN);
  });

  it("is news of that moment: an upload that began before cannot disprove it", () => {
    const again = ask(true, NOW + 5_000);
    expect(stepCooldown(again, { type: "succeeded", startedAtMs: NOW + 5_000 })).toBe(again);
    expect(stepCooldown(again, { type: "succeeded", startedAtMs: NOW + 5_001 })).toEqual(OPEN);
  });
});

describe("what is kept over a restart", () => {
  const through = (cooldown: Cooldown, nowMs = NOW): Cooldown => {
    const stored: StoredCooldown | null = JSON.parse(JSON.stringify(storedCooldown(cooldown)));
    return restoredCooldown(stored, nowMs);
  };

  it("fair use, as it was", () => {
    const fairUse = limited("fair_use", 600_000);
    expect(through(fairUse)).toEqual(fairUse);
    expect(through(fairUse, NOW + 1_000)).toEqual(fairUse);
    expect(through(limited("fair_use", 30 * DAY))).toEqual(limited("fair_use", 30 * DAY));
  });

  it("not that the server was busy: it may be asked again", () => {
    expect(storedCooldown(limited("backend_busy", 600_000))).toBeNull();
    expect(through(limited("backend_busy", 600_000))).toEqual(OPEN);
    const both = limited("backend_busy", DAY, NOW, limited("fair_use", 600_000));
    expect(through(both)).toEqual(limited("fair_use", 600_000));
  });

  it("a limit that ran out meanwhile, so that the server is asked before the next upload", () => {
    const later = NOW + DAY;
    const restored = through(limited("fair_use", 600_000), later);
    expect(activeLimit(restored, later)).toBeNull();
    expect(needsFairUseCheck(restored, later)).toBe(true);
  });

  it("for as long as it was, where the clock was set back meanwhile", () => {
    const setBack = NOW - 90 * DAY;
    const restored = through(limited("fair_use", 600_000), setBack);
    expect(activeLimit(restored, setBack)).toEqual({ reason: "fair_use", untilMs: setBack + 600_000 });
    // And an upload that succeeds after that disproves it as ever.
    expect(stepCooldown(restored, { type: "succeeded", startedAtMs: setBack + 1 })).toEqual(OPEN);
  });

  it("for 30 days at most, whatever was stored", () => {
    const restored = restoredCooldown({ untilMs: NOW + 900 * DAY, setAtMs: NOW }, NOW);
    expect(activeLimit(restored, NOW)?.untilMs).toBe(NOW + 30 * DAY);
  });

  it.each([
    null,
    { untilMs: 0, setAtMs: 0 },
    { untilMs: -1, setAtMs: -2 },
    { untilMs: Number.NaN, setAtMs: NOW },
    { untilMs: NOW + 1_000, setAtMs: Number.NaN },
    { untilMs: Number.POSITIVE_INFINITY, setAtMs: NOW },
    { untilMs: NOW + 1_000, setAtMs: Number.NEGATIVE_INFINITY },
  ])("nothing where it is %j", (stored) => expect(restoredCooldown(stored, NOW)).toEqual(OPEN));

  it("ends at once where it says that it ended before it began", () => {
    const restored = restoredCooldown({ untilMs: NOW + 1_000, setAtMs: NOW + 5_000 }, NOW);
    expect(activeLimit(restored, NOW)).toBeNull();
    expect(needsFairUseCheck(restored, NOW)).toBe(true);
  });
});
