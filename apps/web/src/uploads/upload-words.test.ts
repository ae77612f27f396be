/** What a person reads about a dropped file: decided by code and class, with something to do where there is something. */
import type { SyncStatus } from "@holdfast/client";
import { HoldfastError } from "@holdfast/contract";
import type { Explanation } from "@holdfast/core";
import { describe, expect, it } from "vitest";
import { english } from "../../test/english.ts";
import { importFailure, jobWords, SOUND_TYPES, sentShare, uploadFailure, waitWords } from "./upload-words.ts";

describe("a file that the server does not take", () => {
  it.each([
    ["unsupported_audio", /not a sound file Holdfast can read\. It takes WAV/],
    ["http_415", /not a sound file/],
    ["sync_decode_failed", /may be damaged/],
    ["sync_audio_too_long", /Split it/],
    ["payload_too_large", /larger than 200 MB/],
    ["sync_staged_audio_expired", /Try again/],
  ])("because of %s is told in our words", (code, words) => expect(english.say(uploadFailure(code))).toMatch(words));

  it("for a reason that is not known shows it", () => {
    expect(english.say(uploadFailure("moon_phase"))).toBe("It did not work. The server said “moon phase”.");
    expect(english.say(uploadFailure(null))).toBe("The sound could not be transcribed.");
  });
});

describe("a file that is not kept here", () => {
  const failure = (code: string, kind: HoldfastError["class"] = "permanent_input"): HoldfastError =>
    new HoldfastError("a name of a recording", { code, class: kind });

  it.each([
    ["storage_full", /no room for it on this device/],
    ["log_in_use", /Another tab has the recordings/],
    ["insecure_page", /only over https/],
    ["payload_too_large", /larger than 200 MB/],
    ["no_frames", /holds no sound/],
  ])("because of %s is told in our words", (code, words) =>
    expect(english.say(importFailure(failure(code)))).toMatch(words),
  );

  it("because of its name says how such a name reads", () => {
    expect(english.say(importFailure(failure("sync_invalid_name")))).toMatch(/reads like audio_omi_.*\.bin\.$/);
    expect(english.say(importFailure(failure("sync_invalid_timestamp")))).toMatch(/^The time in this name/);
  });

  it("that could not be read at all is not dressed up", () => {
    expect(english.say(importFailure(new TypeError("undefined is not a function")))).toBe(
      "The file could not be read.",
    );
    expect(english.say(importFailure(failure("moon", "transport")))).toMatch(/could not keep it/);
  });
});

describe("a wait", () => {
  const wait = (why: string | null, next: Explanation["next"] = "tries_again"): string =>
    english.say(waitWords({ state: "waiting", why, next, atMs: null }));

  it.each([
    ["http_503", "The server is busy."],
    ["backend_busy", "The server is busy."],
    ["fair_use", "The upload limit of your account is reached."],
    ["unreachable", "The server can't be reached."],
  ])("for %s has its reason", (why, words) => expect(wait(why)).toBe(words));

  it("for nothing but its turn claims nothing", () => {
    expect(wait(null, "sends_in_turn")).toBe("Next in line.");
    expect(wait(null, "sends_when_asked")).toBe("Waiting for you to press Sync.");
  });
});

describe("a job", () => {
  it.each([
    [undefined, "Waiting for its turn"],
    [{ serverStatus: "queued", processedSegments: 0, totalSegments: 4 }, "Waiting for its turn"],
    [{ serverStatus: "processing", processedSegments: 0, totalSegments: 0 }, "Transcribing"],
    [{ serverStatus: "processing", processedSegments: 1, totalSegments: 4 }, "Transcribing, part 1 of 4"],
  ])("in work: %j", (news, words) => expect(english.say(jobWords(news))).toBe(words));
});

it("how far a file is gone is known only while it goes alone", () => {
  const status = (total: number): SyncStatus =>
    ({ progress: { recordings: { done: 0, total }, bytes: { sent: 30, total: 120 } } }) as unknown as SyncStatus;
  expect(sentShare(status(1))).toBe(0.25);
  expect(sentShare(status(2))).toBeNull();
  expect(sentShare({ progress: null } as unknown as SyncStatus)).toBeNull();
});

it("the file dialogue offers recordings of devices and every format that the words name", () => {
  const offered = SOUND_TYPES.split(",");
  for (const ending of [".bin", ".wav", ".mp3", ".m4a", ".ogg", ".webm", ".flac"]) expect(offered).toContain(ending);
});
