/** The job machine: a total table (a missing cell does not compile), and what losing leases comes to. */
import { JOBS } from "@holdfast/contract";
import { isTerminal, JOB_STATES, type JobEvent, type JobSnapshot, type JobState, stepJob } from "@holdfast/core";
import { describe, expect, it, test } from "vitest";

type Cell = JobState | "refused";
type EventName =
  | "claim"
  | "takeOver"
  | "lostOnce"
  | "lostOften"
  | "lostLast"
  | "heartbeat"
  | "progress"
  | "failContent"
  | "failLastContent"
  | "failInput"
  | "failCapacity"
  | "complete"
  | "completePartly"
  | "release"
  | "block"
  | "unblock"
  | "retry";

const EVENTS: Readonly<Record<EventName, JobEvent>> = {
  claim: { type: "claim", leaseExpired: false },
  takeOver: { type: "claim", leaseExpired: true },
  lostOnce: { type: "lost" },
  lostOften: { type: "lost" },
  lostLast: { type: "lost" },
  heartbeat: { type: "heartbeat" },
  progress: { type: "progress" },
  failContent: { type: "fail", class: "content" },
  failLastContent: { type: "fail", class: "content" },
  failInput: { type: "fail", class: "permanent_input" },
  failCapacity: { type: "fail", class: "capacity" },
  complete: { type: "complete", outcome: "completed" },
  completePartly: { type: "complete", outcome: "partial_failure" },
  release: { type: "release" },
  block: { type: "block" },
  unblock: { type: "unblock" },
  retry: { type: "retry" },
};

/** What the job has behind it where that decides. */
const BEFORE: Partial<Readonly<Record<EventName, Partial<JobSnapshot>>>> = {
  lostOnce: { lostLeases: 1 },
  lostOften: { lostLeases: JOBS.suspectLostLeases },
  lostLast: { lostLeases: JOBS.maxLostLeases + 1, attempts: JOBS.maxAttempts - 1 },
  failLastContent: { attempts: JOBS.maxAttempts - 1 },
};

const refused: Readonly<Record<EventName, Cell>> = {
  claim: "refused",
  takeOver: "refused",
  lostOnce: "refused",
  lostOften: "refused",
  lostLast: "refused",
  heartbeat: "refused",
  progress: "refused",
  failContent: "refused",
  failLastContent: "refused",
  failInput: "refused",
  failCapacity: "refused",
  complete: "refused",
  completePartly: "refused",
  release: "refused",
  block: "refused",
  unblock: "refused",
  retry: "refused",
};

const TABLE: Readonly<Record<JobState, Readonly<Record<EventName, Cell>>>> = {
  queued: { ...refused, claim: "leased", takeOver: "leased", block: "blocked" },
  leased: {
    claim: "refused",
    takeOver: "leased",
    lostOnce: "leased",
    lostOften: "queued",
    lostLast: "dead_letter",
    heartbeat: "leased",
    progress: "leased",
    failContent: "queued",
    failLastContent: "dead_letter",
    failInput: "failed",
    failCapacity: "queued",
    complete: "completed",
    completePartly: "partial_failure",
    release: "queued",
    block: "refused",
    unblock: "refused",
    retry: "refused",
  },
  blocked: { ...refused, unblock: "queued", retry: "queued" },
  completed: refused,
  partial_failure: { ...refused, retry: "queued" },
  failed: { ...refused, retry: "queued" },
  dead_letter: { ...refused, retry: "queued" },
};

const job = (over: Partial<JobSnapshot> = {}): JobSnapshot => ({
  ...{ kind: "finalization", state: "leased", attempts: 0, tries: 0, lostLeases: 0, generation: 1 },
  ...over,
});

describe("stepJob", () => {
  for (const state of JOB_STATES) {
    for (const [name, expected] of Object.entries(TABLE[state]) as [EventName, Cell][]) {
      it(`${state} + ${name} → ${expected}`, () => {
        expect(stepJob(job({ ...BEFORE[name], state }), EVENTS[name], 0.5)?.state ?? "refused").toBe(expected);
      });
    }
  }

  it("ends a batch that used up its attempts as failed, which released clients understand", () => {
    const batch = job({ kind: "sync", attempts: JOBS.maxAttempts - 1, tries: 9 });
    expect(stepJob(batch, EVENTS.failContent, 0.5)?.state).toBe("failed");
    expect(stepJob({ ...batch, ...BEFORE.lostLast }, EVENTS.lostLast, 0.5)?.state).toBe("failed");
  });

  it("waits at least as long as it was told to", () => {
    const told = { type: "fail", class: "throttle", retryAfterMs: 90_000 } as const;
    expect(stepJob(job({ kind: "repair" }), told, 0)?.delayMs).toBe(90_000);
  });

  it("gives a retried job a new generation and nothing of its past", () => {
    const past = job({ state: "dead_letter", attempts: 5, tries: 17, lostLeases: 12, generation: 3 });
    expect(stepJob(past, EVENTS.retry, 0.5)).toEqual({
      ...{ state: "queued", attempts: 0, tries: 0, lostLeases: 0, generation: 4, delayMs: 0 },
    });
  });
});

describe("a job whose workers die", () => {
  /** Leases lost in a row, as claims find them; the waits between, until it ends. */
  function die(kind: JobSnapshot["kind"]) {
    let now = job({ kind, state: "queued" });
    const waits: number[] = [];
    for (let lease = 1; !isTerminal(now.state); lease += 1) {
      if (lease > 100) throw new Error("it never ends");
      const first = stepJob(now, { type: "claim", leaseExpired: now.state === "leased" }, 0.5);
      if (first === undefined) throw new Error("nobody may claim it");
      now = { kind, ...first };
      if (now.lostLeases === 0 || waits.length + 1 > now.lostLeases) continue;
      const next = stepJob(now, { type: "lost" }, 0.5);
      if (next === undefined) throw new Error("nothing was decided");
      waits.push(next.delayMs);
      now = { kind, ...next };
    }
    return { end: now, waits };
  }

  test("is tried at once twice, then ever more slowly, and ends after fifteen", () => {
    const { end, waits } = die("finalization");
    expect(end).toMatchObject({ state: "dead_letter", attempts: JOBS.maxAttempts, lostLeases: 15 });
    const seconds = waits.map((ms) => ms / 1000);
    expect(seconds).toEqual([0, 0, 5, 10, 20, 40, 80, 160, 300, 300, 300, 300, 300, 300, 0]);
    expect(seconds.reduce((sum, wait) => sum + wait)).toBeGreaterThan(1_800);
    expect(die("sync").end.state).toBe("failed");
  });

  test("has its past forgiven by progress and by a failure that was recorded, not by being given back", () => {
    const suspect = job({ lostLeases: 9, attempts: 1 });
    expect(stepJob(suspect, EVENTS.progress, 0.5)).toMatchObject({ lostLeases: 0, attempts: 1 });
    expect(stepJob(suspect, EVENTS.failCapacity, 0.5)).toMatchObject({ lostLeases: 0, attempts: 1 });
    expect(stepJob(suspect, EVENTS.release, 0.5)).toMatchObject({ lostLeases: 9, attempts: 1 });
    expect(stepJob(suspect, EVENTS.heartbeat, 0.5)).toMatchObject({ lostLeases: 9 });
  });
});
