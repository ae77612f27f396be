/** What the queue page says: every kind, state and reason has words; what is not known yet is shown, not hidden. */
import type { QueueJob, QueueView } from "@holdfast/contract";
import { describe, expect, it } from "vitest";
import { english } from "../../test/english.ts";
import { headline, jobFacts, jobWords, kindWords, laneWords, reasonWords, refusalWords } from "./queue-words.ts";

const NOW = Date.parse("2026-11-23T12:00:00Z");
const JOB: QueueJob = {
  ...{ id: "1", kind: "sync", state: "queued", user_id: null, lane: "fresh", conversation_id: null, stage: null },
  ...{ reason_code: null, attempts: 0, created_at: "2026-11-23T11:00:00Z", waits_until: null },
};
const LANE = { waiting: 0, sound_seconds: 0, oldest_age_seconds: 0, done_in_seconds: 0 };
const QUEUE: QueueView = {
  ...{
    fresh: LANE,
    backfill: LANE,
    audio_seconds_per_second: 10,
    speed_is_measured: true,
    jobs: [],
    more: 0,
    gave_up: [],
  },
};
const said = (over: Partial<QueueJob>): readonly string[] => {
  const { state, tone } = jobWords({ ...JOB, ...over }, NOW);
  return [english.say(state), tone];
};

describe("a job", () => {
  it.each([
    [{ state: "leased" }, ["In work.", "live"]],
    [{ state: "leased", stage: "processing" }, ["In work: transcribing.", "live"]],
    [{ state: "leased", stage: "moon_watch" }, ["In work: moon watch.", "live"]],
    [{ state: "blocked" }, ["Waits for other work.", "waiting"]],
    [
      { state: "blocked", reason_code: "awaiting_transcription" },
      ["Waits. Some of its sound is still being transcribed.", "waiting"],
    ],
    [{}, ["Waits for its turn.", "quiet"]],
    [{ reason_code: "stt_busy" }, ["The speech engine was busy. Waits for its turn.", "waiting"]],
    [
      { reason_code: "stt_unreachable", waits_until: "2026-11-23T12:03:00Z" },
      ["The speech engine could not be reached. Tried again in 3 min.", "waiting"],
    ],
    [{ waits_until: "2026-11-23T11:59:00Z" }, ["Waits for its turn.", "quiet"]],
    [{ state: "failed" }, ["Gave up.", "attention"]],
    [
      { state: "dead_letter", reason_code: "worker_died" },
      [expect.stringMatching(/^Gave up\. The processes/), "attention"],
    ],
    [{ state: "completed" }, ["Done.", "quiet"]],
    [{ state: "partial_failure" }, ["Done.", "quiet"]],
  ] as const)("%o says %o", (over, words) => expect(said(over)).toEqual(words));

  it("of a kind or for a reason that this page does not know is shown as it is", () => {
    expect(english.say(kindWords("tidy_up"))).toBe("tidy up");
    expect(english.say(reasonWords("moon_in_the_way"))).toContain("moon in the way");
    expect(english.say(kindWords("sync"))).toBe("Transcribing a recording");
  });

  it.each([
    [{}, "Since 1 hr."],
    [{ attempts: 1 }, "Since 1 hr, 1 attempt spent."],
    [{ attempts: 3, user_id: "anna" }, "For anna. Since 1 hr, 3 attempts spent."],
  ])("%o tells whose it is, since when, and what it cost", (over, words) => {
    expect(english.say(jobFacts({ ...JOB, ...over }, NOW))).toBe(words);
  });

  it("that cannot be asked for again says why", () => {
    expect(english.t(refusalWords("job_superseded"))).toMatch(/Another job/);
    expect(english.t(refusalWords(undefined))).toMatch(/did not work/);
  });
});

describe("the page", () => {
  const jobs = (...states: readonly QueueJob["state"][]): QueueView => ({
    ...QUEUE,
    jobs: states.map((state) => ({ ...JOB, state })),
  });

  it.each([
    [QUEUE, "Nothing waits, and nothing is in work."],
    [jobs("leased"), "1 thing in work, nothing waits."],
    [jobs("leased", "leased", "queued"), "2 things in work, 1 waits."],
    [jobs("queued", "blocked"), "2 things wait."],
    [jobs("queued"), "1 thing waits."],
    [{ ...jobs("leased"), more: 1_500 }, "1 thing in work, 1,500 wait."],
  ])("sums up %#", (queue, words) => expect(english.say(headline(queue))).toBe(words));

  it("says of a lane what waits, since when, and for how long, and whether that is known or guessed", () => {
    const fresh = { waiting: 3, sound_seconds: 720, oldest_age_seconds: 240, done_in_seconds: 90 };
    expect(laneWords(QUEUE, "fresh")).toBeUndefined();
    expect(english.say(laneWords({ ...QUEUE, fresh }, "fresh") ?? "")).toBe(
      "3 new recordings wait: 12 min of sound, the first for 4 min. At the present speed all are done in about 2 min.",
    );
    const backfill = { ...fresh, waiting: 1 };
    expect(english.say(laneWords({ ...QUEUE, backfill, speed_is_measured: false }, "backfill") ?? "")).toMatch(
      /^1 old recording waits: .* By a first guess all are done/,
    );
  });
});
