/** Small readings: the job's payload, the order and the partition of files, the blob folder, what an error becomes. */
import { HoldfastError } from "@holdfast/contract";
import { blobFolder } from "@holdfast/store";
import { describe, expect, test } from "vitest";
import { LeaseLost } from "../src/lease-lost.ts";
import { failureToRecord } from "../src/settle-failure.ts";
import { claimedStartMs, clockShiftMs, inCaptureOrder, partitionOf, readSyncPayload } from "../src/sync/payload.ts";

describe("readSyncPayload", () => {
  test("reads what the gateway writes", () => {
    const payload = {
      source: "limitless",
      client_device_id: "ios_1",
      client_platform: "ios",
      language: "en",
      kind: "sound",
      conversation_id: "c",
      recording_session_id: "r",
      should_lock: true,
      geolocation: { latitude: 1, longitude: 2 },
      lane: "fresh",
      recording_age_seconds: 3,
      started_at_ms: 1_700_000_000_000,
    };
    expect(readSyncPayload(payload)).toEqual({
      source: "limitless",
      clientDeviceId: "ios_1",
      clientPlatform: "ios",
      language: "en",
      isLocked: true,
      target: { conversationId: "c", recordingSessionId: "r" },
      geolocation: { latitude: 1, longitude: 2 },
      kind: "sound",
      startedAtMs: 1_700_000_000_000,
    });
  });

  test("the names that say target come first", () => {
    const asked = { target_conversation_id: "t", conversation_id: "c", target_recording_session_id: "s" };
    expect(readSyncPayload(asked).target).toEqual({ conversationId: "t", recordingSessionId: "s" });
  });

  test("takes the plainest meaning of what is missing or strange", () => {
    const strange = { conversation_id: 7, should_lock: "true", geolocation: [1, 2] };
    expect(readSyncPayload({ source: 3, language: "", kind: "other", started_at_ms: "x", ...strange })).toEqual({
      source: "omi",
      clientDeviceId: null,
      clientPlatform: null,
      language: null,
      isLocked: false,
      target: { conversationId: null, recordingSessionId: null },
      geolocation: null,
      kind: "omi",
      startedAtMs: null,
    });
  });
});

describe("files of a batch", () => {
  test("are taken as they were recorded, not as they were sent; equals keep their order", () => {
    const files = [
      { name: "late", capturedAtMs: 300 },
      { name: "unknown", capturedAtMs: null },
      { name: "early", capturedAtMs: 100 },
      { name: "also late", capturedAtMs: 300 },
    ];
    const names = inCaptureOrder(files, 200).map(({ name }) => name);
    expect(names).toEqual(["early", "unknown", "late", "also late"]);
  });

  test("are moved together where the clock of their device ran ahead, and are named by what they say all the same", () => {
    const files = [{ capturedAtMs: 1_000 }, { capturedAtMs: 61_000 }, { capturedAtMs: null }];
    expect(clockShiftMs(files, 50_000)).toBe(-11_000);
    expect(clockShiftMs(files, 61_000)).toBe(0);
    expect(claimedStartMs({ capturedAtMs: 61_000 }, { startedAtMs: 5 }, 50_000)).toBe(61_000);
    expect(claimedStartMs({ capturedAtMs: null }, { startedAtMs: 5 }, 50_000)).toBe(5);
    expect(claimedStartMs({ capturedAtMs: null }, { startedAtMs: null }, 50_000)).toBe(50_000);
  });

  test("belong to their device, except sound files whose time nobody knows", () => {
    const file = { capturedAtMs: 5, sha256: "abcdef0123456789ff" };
    expect(partitionOf({ kind: "omi", clientDeviceId: "ios_1" }, file)).toBe("ios_1");
    expect(partitionOf({ kind: "omi", clientDeviceId: null }, file)).toBeNull();
    expect(partitionOf({ kind: "sound", clientDeviceId: "web_1" }, file)).toBe("web_1");
    expect(partitionOf({ kind: "sound", clientDeviceId: "web_1" }, { ...file, capturedAtMs: null })).toBe(
      "file_abcdef0123456789",
    );
  });
});

describe("blobFolder", () => {
  test.each([
    [undefined, "data/blobs"],
    ["file:some/folder", "some/folder"],
    ["file:/some/folder", "/some/folder"],
    ["file:///some/folder", "/some/folder"],
  ])("%s is %s", (setting, folder) => {
    expect(blobFolder({ HOLDFAST_DATA: "data", HOLDFAST_BLOBS: setting })).toBe(folder);
  });

  test.each(["s3:bucket", "file:", "folder"])("%s stops the start", (setting) => {
    expect(() => blobFolder({ HOLDFAST_DATA: "data", HOLDFAST_BLOBS: setting })).toThrow(
      expect.objectContaining({ code: "config_invalid" }),
    );
  });
});

describe("failureToRecord", () => {
  const going = new AbortController().signal;

  test("keeps class, code and the wished-for wait of a typed failure", () => {
    const error = new HoldfastError("busy", { code: "stt_busy", class: "capacity", retryAfterMs: 900 });
    expect(failureToRecord(error, going)).toEqual({
      class: "capacity",
      code: "stt_busy",
      message: "busy",
      retryAfterMs: 900,
    });
  });

  test("an error that nobody classified spends an attempt", () => {
    expect(failureToRecord(new TypeError("oops"), going)).toMatchObject({ class: "content", code: "internal" });
  });

  test("nothing is recorded for a job that is not ours any more", () => {
    expect(failureToRecord(new LeaseLost(), going)).toBeUndefined();
    expect(failureToRecord(new TypeError("oops"), AbortSignal.abort())).toBeUndefined();
  });

  test("an unreachable database is passed on: the lease must run out", () => {
    for (const lost of [new Error("gone"), Object.assign(new Error("no"), { code: "ECONNREFUSED" })]) {
      expect(() => failureToRecord(lost, going)).toThrow(lost);
    }
  });

  test.each(["53100", "57014", "58030", "40P01"])("a database that answers %s costs no attempt", (code) => {
    expect(failureToRecord(Object.assign(new Error("no room"), { code }), going)).toMatchObject({
      class: "transport",
      code: "database_unavailable",
    });
  });

  test("a statement that is wrong is nobody's outage", () => {
    const wrong = Object.assign(new Error("violates a constraint"), { code: "23514" });
    expect(failureToRecord(wrong, going)).toMatchObject({ class: "content", code: "internal" });
  });
});
