/** What a person reads about an upload: decided by code and class, with something to do where there is something. */
import { HoldfastError, type SyncJobView } from "@holdfast/contract";
import { describe, expect, it } from "vitest";
import { jobFailure, jobWords, SOUND_TYPES, uploadFailure, waitReason } from "./upload-words.ts";

type FailureClass = HoldfastError["class"];
const failure = (
  code: string,
  kind: FailureClass = "permanent_input",
  message = "words of the server",
): HoldfastError => new HoldfastError(message, { code, class: kind });

describe("a refused upload", () => {
  it.each([
    ["unsupported_audio", /not a sound file Holdfast can read\. It takes WAV/],
    ["http_415", /not a sound file/],
    ["sync_decode_failed", /may be damaged/],
    ["sync_audio_too_long", /Split it/],
    ["payload_too_large", /larger than 200 MB/],
    ["empty_file", /is empty/],
    ["sync_staged_audio_expired", /Drop it again/],
  ])("%s is told in our words", (code, words) => {
    expect(uploadFailure(failure(code))).toMatch(words);
    expect(uploadFailure(failure(code))).not.toContain("words of the server");
  });

  it("with a code that is not known shows the words of the server, with one full stop", () => {
    expect(uploadFailure(failure("moon_phase"))).toBe("The server refused this file: words of the server.");
    expect(uploadFailure(failure("moon_phase", "permanent_input", "No."))).toBe("The server refused this file: No.");
  });

  it("by a missing sign-in leads to the link, whatever the code", () => {
    expect(uploadFailure(failure("http_401", "auth"))).toContain("sign-in link");
  });

  it("that is no failure of ours is not dressed up", () => {
    expect(uploadFailure(new TypeError("undefined is not a function"))).toBe("The upload failed.");
  });
});

describe("a wait", () => {
  it.each<[FailureClass, string]>([
    ["capacity", "The server is busy"],
    ["throttle", "Your upload limit is reached for now"],
    ["transport", "The server can't be reached"],
  ])("for %s has its reason", (kind, words) => expect(waitReason(failure("x", kind))).toBe(words));

  it("for anything else claims nothing", () => expect(waitReason("thrown words")).toBe("The upload is tried again"));
});

describe("a job", () => {
  const job = (more: Partial<SyncJobView>): SyncJobView => ({
    job_id: "j",
    status: "processing",
    total_segments: 0,
    processed_segments: 0,
    successful_segments: 0,
    failed_segments: 0,
    lane: "fresh",
    ...more,
  });
  const failed = (errors: string[], more: Partial<SyncJobView> = {}): SyncJobView =>
    job({
      status: "failed",
      result: { new_memories: [], updated_memories: [], failed_segments: 0, total_segments: 0, errors },
      ...more,
    });

  it.each([
    [null, "Waiting for its turn"],
    [job({ status: "queued", total_segments: 4 }), "Waiting for its turn"],
    [job({}), "Transcribing"],
    [job({ processed_segments: 1, total_segments: 4 }), "Transcribing, part 1 of 4"],
  ])("in work: %j", (view, words) => expect(jobWords(view)).toBe(words));

  it("that failed is explained by its reason before its list of errors", () => {
    expect(jobFailure(failed(["sync_decode_failed"], { reason_code: "sync_audio_too_long" }))).toMatch(/too long/);
    expect(jobFailure(failed(["moon_phase", "sync_decode_failed"]))).toMatch(/may be damaged/);
  });

  it("that failed for something unknown shows what the server said, and never nothing", () => {
    expect(jobFailure(failed(["moon_phase"]))).toBe("moon_phase");
    expect(jobFailure(job({ status: "failed", error: "the disk is full" }))).toBe("the disk is full");
    expect(jobFailure(job({ status: "failed" }))).toBe("The sound could not be transcribed.");
  });
});

it("the file dialogue offers recordings of devices and every format that the words name", () => {
  const offered = SOUND_TYPES.split(",");
  for (const ending of [".bin", ".wav", ".mp3", ".m4a", ".ogg", ".webm", ".flac"]) expect(offered).toContain(ending);
});
