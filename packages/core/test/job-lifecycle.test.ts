/** The job machine: a total table (a missing cell does not compile) and properties over random lives. */
import { FAILURE_CLASSES, JOBS } from "@holdfast/contract";
import { isTerminal, JOB_STATES, type JobEvent, type JobKind, type JobState, stepJob } from "@holdfast/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

type Cell = JobState | "refused";
type EventName =
  | "claim"
  | "claimExpired"
  | "failContent"
  | "failLastContent"
  | "failInput"
  | "failCapacity"
  | "complete"
  | "completePartly"
  | "release"
  | "block"
  | "unblock";

const EVENTS: Readonly<Record<EventName, JobEvent>> = {
  claim: { type: "claim", leaseExpired: false },
  claimExpired: { type: "claim", leaseExpired: true },
  failContent: { type: "fail", class: "content" },
  failLastContent: { type: "fail", class: "content" },
  failInput: { type: "fail", class: "permanent_input" },
  failCapacity: { type: "fail", class: "capacity" },
  complete: { type: "complete", outcome: "completed" },
  completePartly: { type: "complete", outcome: "partial_failure" },
  release: { type: "release" },
  block: { type: "block" },
  unblock: { type: "unblock" },
};

const refused: Readonly<Record<EventName, Cell>> = {
  claim: "refused",
  claimExpired: "refused",
  failContent: "refused",
  failLastContent: "refused",
  failInput: "refused",
  failCapacity: "refused",
  complete: "refused",
  completePartly: "refused",
  release: "refused",
  block: "refused",
  unblock: "refused",
};

const TABLE: Readonly<Record<JobState, Readonly<Record<EventName, Cell>>>> = {
  queued: { ...refused, claim: "leased", claimExpired: "leased", block: "blocked" },
  leased: {
    claim: "refused",
    claimExpired: "leased",
    failContent: "queued",
    failLastContent: "dead_letter",
    failInput: "failed",
    failCapacity: "queued",
    complete: "completed",
    completePartly: "partial_failure",
    release: "queued",
    block: "refused",
    unblock: "refused",
  },
  blocked: { ...refused, unblock: "queued" },
  completed: refused,
  partial_failure: refused,
  failed: refused,
  dead_letter: refused,
};

describe("stepJob", () => {
  for (const state of JOB_STATES) {
    for (const [name, expected] of Object.entries(TABLE[state])) {
      it(`${state} + ${name} → ${expected}`, () => {
        const attempts = name === "failLastContent" ? JOBS.maxAttempts - 1 : 0;
        const decision = stepJob(
          { kind: "finalization", state, attempts, tries: attempts },
          EVENTS[name as EventName],
          0.5,
        );
        expect(decision?.state ?? "refused").toBe(expected);
      });
    }
  }

  it("ends a batch that used up its attempts as failed, which released clients understand", () => {
    const job = { kind: "sync", state: "leased", attempts: JOBS.maxAttempts - 1, tries: 9 } as const;
    expect(stepJob(job, EVENTS.failContent, 0.5)?.state).toBe("failed");
  });

  it("waits at least as long as it was told to", () => {
    const job = { kind: "repair", state: "leased", attempts: 0, tries: 0 } as const;
    const told = { type: "fail", class: "throttle", retryAfterMs: 90_000 } as const;
    expect(stepJob(job, told, 0)?.delayMs).toBe(90_000);
  });

  it("spends attempts on content failures only, and ends only by content or input", () => {
    const events = fc.array(
      fc.oneof(
        fc.constantFrom(...FAILURE_CLASSES).map((failure): JobEvent => ({ type: "fail", class: failure })),
        fc.constantFrom<JobEvent>(
          { type: "claim", leaseExpired: true },
          { type: "release" },
          { type: "block" },
          { type: "unblock" },
        ),
      ),
      { maxLength: 60 },
    );
    const kinds = fc.constantFrom<JobKind>("finalization", "sync", "repair");
    fc.assert(
      fc.property(kinds, events, fc.double({ min: 0, max: 0.999, noNaN: true }), (kind, list, random) => {
        let job = { kind, state: "queued" as JobState, attempts: 0, tries: 0 };
        let contentFailures = 0;
        for (const event of list) {
          const decision = stepJob(job, event, random);
          if (decision === undefined) continue;
          if (event.type === "fail" && event.class === "content") contentFailures += 1;
          if (isTerminal(decision.state)) {
            expect(event.type === "fail" && (event.class === "content" || event.class === "permanent_input")).toBe(
              true,
            );
          }
          expect(decision.delayMs).toBeLessThanOrEqual(JOBS.retryCapMs * 1.25);
          job = { kind, ...decision };
          expect(job.attempts).toBe(contentFailures);
        }
      }),
    );
  });
});
