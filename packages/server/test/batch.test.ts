/** Identity, lane, age and origin of a batch of recordings. */
import { HoldfastError, parseRecordingName, SYNC } from "@holdfast/contract";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ageSeconds, contentIdOf, laneOf, refuseTooOld, sourceOf } from "../src/uploads/batch.ts";
import { clientDevice } from "../src/uploads/capture.ts";

const KEY = new Uint8Array(32).fill(7);
const NOW = Date.UTC(2026, 5, 1);
const file = fc.record({ name: fc.string({ minLength: 1 }), sha256: fc.stringMatching(/^[0-9a-f]{4}$/) });

describe("the identity of a batch", () => {
  it("does not depend on the order of its files", () => {
    fc.assert(
      fc.property(fc.array(file, { minLength: 1 }), (files) => {
        expect(contentIdOf(KEY, "u", [...files].reverse())).toBe(contentIdOf(KEY, "u", files));
      }),
    );
  });

  it("differs by user, name, bytes and number of files", () => {
    const one = { name: "a.bin", sha256: "00" };
    const ids = [
      contentIdOf(KEY, "u", [one]),
      contentIdOf(KEY, "v", [one]),
      contentIdOf(KEY, "u", [{ ...one, name: "b.bin" }]),
      contentIdOf(KEY, "u", [{ ...one, sha256: "01" }]),
      contentIdOf(KEY, "u", [one, one]),
      contentIdOf(KEY, "u", []),
    ];
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids[0]).toMatch(/^[0-9a-f]{64}$/);
  });

  it("cannot be computed by whoever does not know the server's secret", () => {
    const files = [{ name: "a.bin", sha256: "00" }];
    expect(contentIdOf(new Uint8Array(32).fill(8), "u", files)).not.toBe(contentIdOf(KEY, "u", files));
  });

  it("cannot be forged by names that look like separators", () => {
    const forged = contentIdOf(KEY, "u", [{ name: 'a","b', sha256: "0" }]);
    const pair = [
      { name: "a", sha256: "" },
      { name: "b", sha256: "0" },
    ];
    expect(forged).not.toBe(contentIdOf(KEY, "u", pair));
  });
});

describe("lane and age", () => {
  const OLD = NOW - SYNC.freshMs - 1;
  const lanes = [
    [[NOW], false, "fresh", "legacy", "unbound_capture_time"],
    [[NOW], true, "fresh", "device_bound", "recent_capture"],
    [[NOW - SYNC.freshMs], false, "fresh", "legacy", "unbound_capture_time"],
    [[OLD], false, "backfill", "legacy", "historical_capture"],
    [[OLD], true, "backfill", "device_bound", "historical_capture"],
    [[OLD, NOW], true, "fresh", "device_bound", "recent_capture"],
    [[NOW + SYNC.futureSkewMs], false, "fresh", "legacy", "unbound_capture_time"],
    [[NOW + SYNC.futureSkewMs + 1], true, "backfill", "untrusted", "future_capture_time"],
    [[null], false, "fresh", "untrusted", "missing_capture_time"],
    [[NOW, null], true, "fresh", "untrusted", "missing_capture_time"],
    [[], false, "fresh", "untrusted", "missing_capture_time"],
  ] as const;
  it.each(lanes)("captures at %o, proven %s, are %s, %s, %s", (times, proven, lane, trust, reason) => {
    expect(laneOf(times, proven, NOW)).toEqual({ lane, trust, reason });
  });

  it("counts whole seconds since the oldest and never below zero", () => {
    expect(ageSeconds([NOW, NOW - 5_999, null], NOW)).toBe(5);
    expect(ageSeconds([NOW + 5_000], NOW)).toBe(0);
    expect(ageSeconds([null], NOW)).toBeNull();
  });

  it("refuses what is older than thirty days with the code that clients take as final", () => {
    expect(() => refuseTooOld(NOW - SYNC.lookbackMs, NOW)).not.toThrow();
    const refused = expect.objectContaining({ code: "backfill_lookback_exceeded" });
    expect(() => refuseTooOld(NOW - SYNC.lookbackMs - 1, NOW)).toThrow(refused);
    expect(() => refuseTooOld(0, NOW)).toThrow(HoldfastError);
  });
});

describe("where a batch comes from", () => {
  const name = (text: string) => parseRecordingName(`${text}_1756000000.bin`, NOW);

  it("is decided by the first name that says something", () => {
    expect(sourceOf([name("audio_a"), name("audio_phonemic"), name("audio_limitless")])).toBe("phone");
    expect(sourceOf([name("audio_LIMITLESS"), name("audio_omibatchphone")])).toBe("limitless");
    expect(sourceOf([name("audio_a")])).toBe("omi");
  });

  it.each([
    [
      { "x-app-platform": "iOS", "x-device-id-hash": "ABCDEF12" },
      { deviceId: "ios_abcdef12", platform: "ios" },
    ],
    [{ "x-app-platform": "ios" }, { deviceId: null, platform: "ios" }],
    [
      { "x-app-platform": "ios", "x-device-id-hash": "default" },
      { deviceId: null, platform: "ios" },
    ],
    [
      { "x-app-platform": "ios", "x-device-id-hash": "" },
      { deviceId: null, platform: "ios" },
    ],
    [{ "x-device-id-hash": "abcdef12" }, { deviceId: null, platform: null }],
    [
      { "x-app-platform": "../..", "x-device-id-hash": "abcdef12" },
      { deviceId: null, platform: null },
    ],
    [
      { "x-app-platform": "ios", "x-device-id-hash": "a'; drop" },
      { deviceId: null, platform: "ios" },
    ],
    [{}, { deviceId: null, platform: null }],
  ])("reads the device from %o", (headers, device) => {
    expect(clientDevice(headers)).toEqual(device);
  });
});
