/** Identity, lane, age and origin of a batch of recordings. */
import { HoldfastError, parseRecordingName } from "@holdfast/contract";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  ageSeconds,
  clientDevice,
  contentIdOf,
  FRESH_MS,
  LOOKBACK_MS,
  laneOf,
  refuseTooOld,
  sourceOf,
} from "../src/uploads/batch.ts";

const NOW = Date.UTC(2026, 5, 1);
const file = fc.record({ name: fc.string({ minLength: 1 }), sha256: fc.stringMatching(/^[0-9a-f]{4}$/) });

describe("the identity of a batch", () => {
  it("does not depend on the order of its files", () => {
    fc.assert(
      fc.property(fc.array(file, { minLength: 1 }), (files) => {
        expect(contentIdOf("u", [...files].reverse())).toBe(contentIdOf("u", files));
      }),
    );
  });

  it("differs by user, name, bytes and number of files", () => {
    const one = { name: "a.bin", sha256: "00" };
    const ids = [
      contentIdOf("u", [one]),
      contentIdOf("v", [one]),
      contentIdOf("u", [{ ...one, name: "b.bin" }]),
      contentIdOf("u", [{ ...one, sha256: "01" }]),
      contentIdOf("u", [one, one]),
      contentIdOf("u", []),
    ];
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids[0]).toMatch(/^[0-9a-f]{64}$/);
  });

  it("cannot be forged by names that look like separators", () => {
    const forged = contentIdOf("u", [{ name: 'a","b', sha256: "0" }]);
    const pair = [
      { name: "a", sha256: "" },
      { name: "b", sha256: "0" },
    ];
    expect(forged).not.toBe(contentIdOf("u", pair));
  });
});

describe("lane and age", () => {
  it.each([
    [NOW, "fresh"],
    [NOW - FRESH_MS, "fresh"],
    [NOW - FRESH_MS - 1, "backfill"],
    [null, "fresh"],
  ] as const)("a newest capture of %s is %s", (newest, lane) => {
    expect(laneOf(newest, NOW)).toBe(lane);
  });

  it("counts whole seconds and never below zero", () => {
    expect(ageSeconds(NOW - 5_999, NOW)).toBe(5);
    expect(ageSeconds(NOW + 5_000, NOW)).toBe(0);
    expect(ageSeconds(null, NOW)).toBeNull();
  });

  it("refuses what is older than thirty days with the code that clients take as final", () => {
    expect(() => refuseTooOld(NOW - LOOKBACK_MS, NOW)).not.toThrow();
    const refused = expect.objectContaining({ code: "backfill_lookback_exceeded" });
    expect(() => refuseTooOld(NOW - LOOKBACK_MS - 1, NOW)).toThrow(refused);
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
