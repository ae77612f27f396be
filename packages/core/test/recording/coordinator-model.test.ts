/**
 * Random storms of wakes. The engine around the machine does what the steps say and nothing else: it begins passes, ends them
 * and keeps one timer. Every wake is written down, and a pass that begins later than a wake has heard it.
 */
import { type CoordinatorEvent, type CoordinatorStep, IDLE, stepCoordinator, type WakeReason } from "@holdfast/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const REASONS: readonly WakeReason[] = [
  ...(["startup", "foregrounded", "connectivity_restored", "device_connected", "cooldown_elapsed"] as const),
  ...(["recording_sealed", "user_retry", "reconcile_due", "retry_due"] as const),
];

/** Reference client-sync 4.10.4: a person first, then what a person or a device just did. */
const RANK: Readonly<Record<WakeReason, number>> = {
  user_retry: 3,
  foregrounded: 2,
  device_connected: 2,
  startup: 1,
  connectivity_restored: 1,
  cooldown_elapsed: 1,
  recording_sealed: 0,
  reconcile_due: 0,
  retry_due: 0,
};

class Engine {
  state = IDLE;
  passes: WakeReason[] = [];
  isRunning = false;
  /** The timer of the next try. */
  retryInMs: number | null = null;
  /** Wakes that came while the pass runs, in order. */
  unheard: WakeReason[] = [];
  failures = 0;

  wake(reason: WakeReason, random = 0.5): void {
    const wasRunning = this.isRunning;
    if (wasRunning) this.unheard.push(reason);
    this.#follow(stepCoordinator(this.state, { type: "wake", reason }, random));
    if (!wasRunning) expect([this.isRunning, this.passes.at(-1)]).toEqual([true, reason]);
    // While it works there is nothing to plan.
    expect(this.retryInMs).toBeNull();
  }

  done(outcome: (CoordinatorEvent & { readonly type: "pass_done" })["outcome"], random = 0.5): void {
    if (!this.isRunning) return;
    this.isRunning = false;
    const { unheard } = this;
    this.unheard = [];
    if (outcome === "failed") this.failures += 1;
    if (outcome === "clean") this.failures = 0;
    this.#follow(stepCoordinator(this.state, { type: "pass_done", outcome }, random));
    // Whatever came meanwhile is heard by exactly one pass, at once and under the weightiest name, of two alike the first.
    const best = Math.max(...unheard.map((reason) => RANK[reason]));
    // A failure plans a try of its own, which hears those that only say that there is something to do.
    const isLater = outcome === "failed" && best === 0;
    const name = isLater ? undefined : unheard.find((reason) => RANK[reason] === best);
    expect(this.isRunning).toBe(name !== undefined);
    if (name !== undefined) expect(this.passes.at(-1)).toBe(name);
    // A failed pass that nothing follows is never the last word (law L5).
    expect(this.retryInMs !== null).toBe(outcome === "failed" && !this.isRunning);
    if (this.retryInMs !== null) {
      const nominalMs = [5_000, 10_000, 20_000, 60_000][Math.min(this.failures, 4) - 1] ?? 0;
      expect(this.retryInMs).toBeGreaterThanOrEqual(nominalMs / 2);
      expect(this.retryInMs).toBeLessThanOrEqual(nominalMs);
    }
  }

  timer(random = 0.5): void {
    if (this.retryInMs === null) return;
    this.retryInMs = null;
    this.wake("retry_due", random);
  }

  #follow({ state, run, retryInMs }: CoordinatorStep): void {
    this.state = state;
    this.retryInMs = retryInMs;
    if (run === null) return;
    // Never two passes at once.
    expect(this.isRunning).toBe(false);
    this.isRunning = true;
    this.passes.push(run);
  }
}

type Act =
  | { readonly type: "wake"; readonly reason: WakeReason }
  | { readonly type: "done"; readonly outcome: "clean" | "failed" | "limited" }
  | { readonly type: "timer" };

const acts: fc.Arbitrary<Act> = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...REASONS).map((reason): Act => ({ type: "wake", reason })) },
  {
    weight: 3,
    arbitrary: fc
      .constantFrom("clean", "failed", "failed", "limited")
      .map((outcome) => ({ type: "done", outcome }) as Act),
  },
  { weight: 1, arbitrary: fc.constant<Act>({ type: "timer" }) },
);
const randoms = fc.double({ min: 0, max: 0.999_999, noNaN: true });

describe("any storm of wakes", () => {
  it("never runs two passes, never loses a wake, and never gives up on a failure", () => {
    let longest = 0;
    fc.assert(
      fc.property(fc.array(fc.tuple(acts, randoms), { maxLength: 150, size: "max" }), (list) => {
        const engine = new Engine();
        let wakes = 0;
        for (const [next, random] of list) {
          const { length } = engine.passes;
          if (next.type === "wake") engine.wake(next.reason, random);
          else if (next.type === "done") engine.done(next.outcome, random);
          else engine.timer(random);
          wakes += next.type === "wake" ? 1 : 0;
          longest = Math.max(longest, engine.failures);
          // One event begins one pass at the most.
          expect(engine.passes.length - length).toBeLessThanOrEqual(1);
        }
        // Whoever wakes the engine n times, planned tries apart, gets n passes at the most.
        const tries = engine.passes.filter((reason) => reason === "retry_due").length;
        expect(engine.passes.length - tries).toBeLessThanOrEqual(wakes);
        while (engine.isRunning) engine.done("clean");
        expect(engine.state).toMatchObject({ running: null, queued: null });
      }),
      { numRuns: 300 },
    );
    expect(longest).toBeGreaterThan(4);
  });

  it("costs at most one pass more than a single wake, however many there are", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...REASONS), { minLength: 1, maxLength: 50 }), (storm) => {
        const engine = new Engine();
        engine.wake("startup");
        for (const reason of storm) engine.wake(reason);
        expect(engine.passes).toEqual(["startup"]);
        engine.done("clean");
        expect(engine.passes).toHaveLength(2);
        engine.done("clean");
        expect([engine.passes.length, engine.isRunning]).toEqual([2, false]);
      }),
    );
  });
});

describe("a storm of five (reference client-sync 11.1)", () => {
  const storm: readonly WakeReason[] = [
    ...(["recording_sealed", "foregrounded", "device_connected", "cooldown_elapsed", "reconcile_due"] as const),
  ];

  it("is one more pass, under the first of the weightiest names", () => {
    const engine = new Engine();
    engine.wake("startup");
    for (const reason of storm) engine.wake(reason);
    engine.done("clean");
    expect(engine.passes).toEqual(["startup", "foregrounded"]);
    engine.done("clean");
    expect(engine.isRunning).toBe(false);
  });

  it("is heard where the pass it came upon fails or is limited, and plans no try beside it", () => {
    for (const outcome of ["failed", "limited"] as const) {
      const engine = new Engine();
      engine.wake("startup");
      for (const reason of [...storm, "user_retry" as const]) engine.wake(reason);
      engine.done(outcome);
      expect([engine.passes, engine.retryInMs]).toEqual([["startup", "user_retry"], null]);
    }
  });

  it("that comes while a try is planned runs at once and takes its place", () => {
    const engine = new Engine();
    engine.wake("startup");
    engine.done("failed");
    expect(engine.retryInMs).toBe(3_750);
    engine.wake("connectivity_restored");
    expect([engine.passes, engine.retryInMs]).toEqual([["startup", "connectivity_restored"], null]);
    engine.done("failed");
    // Two failures in a row all the same.
    expect(engine.retryInMs).toBe(7_500);
    engine.timer();
    expect(engine.passes.at(-1)).toBe("retry_due");
    engine.done("clean");
    expect(engine.state).toEqual(IDLE);
  });
});
