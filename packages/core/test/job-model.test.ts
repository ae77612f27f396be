/**
 * Random lives of one job among three processes that claim it, die, come back late, work and are stopped, and a person who
 * retries. The queue here writes only what the machine decides, fenced by epoch and generation as the store does; a second,
 * plainer book of what happened says what must be true after every step.
 */
import { FAILURE_CLASSES, type FailureClass, JOBS } from "@holdfast/contract";
import { isSuspect, isTerminal, type JobEvent, type JobKind, type JobSnapshot, stepJob } from "@holdfast/core";
import fc from "fast-check";
import { expect, test } from "vitest";

type Act =
  | { readonly type: "claim" | "heartbeat" | "progress" | "complete" | "release" | "freeze"; readonly holder: number }
  | { readonly type: "fail"; readonly holder: number; readonly class: FailureClass }
  | { readonly type: "retry" | "pass" };

interface Lease {
  readonly epoch: number;
  readonly generation: number;
}

const LEASE = JOBS.leaseMs;

/** The queue and its one job. */
class Queue {
  job: JobSnapshot;
  epoch = 0;
  leaseUntil = 0;
  dueAt = 0;
  now = 0;
  /** What each process believes to hold. */
  readonly held: (Lease | undefined)[] = [undefined, undefined, undefined];
  /** The book: attempts that must have been spent in this generation, and leases lost in a row. */
  spent = 0;
  lost = 0;

  constructor(kind: JobKind) {
    this.job = { kind, state: "queued", attempts: 0, tries: 0, lostLeases: 0, generation: 1 };
  }

  isHeldBy(lease: Lease | undefined): boolean {
    return this.job.state === "leased" && lease?.epoch === this.epoch && lease.generation === this.job.generation;
  }

  /** Writes what the machine decides; false where it refuses. */
  step(event: JobEvent): boolean {
    const decision = stepJob(this.job, event, 0.5);
    if (decision === undefined) return false;
    const { delayMs, ...next } = decision;
    this.job = { kind: this.job.kind, ...next };
    this.dueAt = this.now + delayMs;
    return true;
  }

  claim(holder: number): void {
    const leaseExpired = this.job.state === "leased" && this.leaseUntil <= this.now;
    if (this.job.state === "queued" && this.dueAt > this.now) return;
    if (!this.step({ type: "claim", leaseExpired })) return;
    this.epoch += 1;
    this.leaseUntil = this.now + LEASE;
    this.held[holder] = { epoch: this.epoch, generation: this.job.generation };
    if (!leaseExpired) return;
    this.lost += 1;
    if (!isSuspect(this.job)) return;
    if (this.lost > JOBS.maxLostLeases) this.spent += 1;
    expect(this.step({ type: "lost" })).toBe(true);
    this.held[holder] = undefined;
  }

  /** A write of a holder; nothing happens where it is fenced. */
  write(holder: number, event: JobEvent): boolean {
    const lease = this.held[holder];
    if (!this.isHeldBy(lease)) {
      this.held[holder] = undefined;
      return false;
    }
    expect(this.step(event)).toBe(true);
    if (this.job.state !== "leased") this.held[holder] = undefined;
    return true;
  }
}

function act(queue: Queue, next: Act): void {
  switch (next.type) {
    case "claim":
      queue.claim(next.holder);
      return;
    case "heartbeat":
      if (queue.write(next.holder, { type: "heartbeat" })) queue.leaseUntil = queue.now + LEASE;
      return;
    case "progress":
      if (queue.write(next.holder, { type: "progress" })) queue.lost = 0;
      return;
    case "complete":
      queue.write(next.holder, { type: "complete", outcome: "completed" });
      return;
    case "release":
      queue.write(next.holder, { type: "release" });
      return;
    // It says nothing any more, but may wake and write; its lease runs out meanwhile.
    case "freeze":
      queue.now += LEASE + 1;
      return;
    case "pass":
      queue.now += JOBS.retryCapMs * 2;
      return;
    case "fail":
      if (queue.write(next.holder, { type: "fail", class: next.class })) {
        queue.lost = 0;
        if (next.class === "content") queue.spent += 1;
      }
      return;
    case "retry":
      if (queue.step({ type: "retry" })) {
        queue.lost = 0;
        queue.spent = 0;
      }
      return;
    default:
      next satisfies never;
  }
}

const holder = fc.integer({ min: 0, max: 2 });
const acts: fc.Arbitrary<Act> = fc.oneof(
  { weight: 6, arbitrary: holder.map((who): Act => ({ type: "claim", holder: who })) },
  { weight: 5, arbitrary: holder.map((who): Act => ({ type: "freeze", holder: who })) },
  fc
    .tuple(fc.constantFrom("heartbeat", "progress", "complete", "release"), holder)
    .map(([type, who]): Act => ({ type, holder: who }) as Act),
  fc
    .tuple(holder, fc.constantFrom(...FAILURE_CLASSES))
    .map(([who, failure]): Act => ({ type: "fail", holder: who, class: failure })),
  fc.constantFrom<Act>({ type: "retry" }, { type: "pass" }),
);

/** Never completed nor failed by hand: a job that only ever loses its workers. */
const deaths: fc.Arbitrary<Act> = fc.oneof(
  holder.map((who): Act => ({ type: "claim", holder: who })),
  holder.map((who): Act => ({ type: "freeze", holder: who })),
  fc.constant<Act>({ type: "pass" }),
);

const kinds = fc.constantFrom<JobKind>("finalization", "sync", "repair", "fanout");

function live(kind: JobKind, list: readonly Act[]): Queue {
  const queue = new Queue(kind);
  for (const next of list) {
    const before = queue.job;
    act(queue, next);
    const holders = queue.held.filter((lease) => queue.isHeldBy(lease));
    expect(holders.length).toBeLessThanOrEqual(1);
    expect(queue.job.attempts).toBe(queue.spent);
    expect(queue.job.attempts).toBeLessThanOrEqual(JOBS.maxAttempts);
    expect(queue.job.lostLeases).toBe(queue.lost);
    if (isTerminal(before.state) && next.type !== "retry") expect(queue.job).toEqual(before);
    if (before.state === "completed") expect(queue.job).toEqual(before);
    expect(queue.job.generation).toBe(
      before.generation + (next.type === "retry" && before.state !== queue.job.state ? 1 : 0),
    );
    if (!isTerminal(before.state) && isTerminal(queue.job.state)) expectReason(next, queue);
  }
  return queue;
}

/** A job ends by its holder's word, by input that is refused, or because its attempts are used up; never by age. */
function expectReason(by: Act, queue: Queue): void {
  if (by.type === "complete") return;
  if (by.type === "fail" && by.class === "permanent_input") return;
  expect(queue.job.attempts).toBe(JOBS.maxAttempts);
  expect(by.type === "claim" ? queue.lost > JOBS.maxLostLeases : by.type === "fail" && by.class === "content").toBe(
    true,
  );
}

test("never two effective holders, attempts by content and lost workers only, an end is an end", () => {
  fc.assert(fc.property(kinds, fc.array(acts, { maxLength: 120, size: "max" }), (kind, list) => void live(kind, list)));
});

test("fewer than fifteen deaths end nothing", () => {
  fc.assert(
    fc.property(kinds, fc.array(deaths, { maxLength: 200, size: "max" }), (kind, list) => {
      const queue = live(kind, list);
      expect(isTerminal(queue.job.state)).toBe(queue.lost >= JOBS.maxLostLeases + JOBS.maxAttempts);
    }),
  );
});
