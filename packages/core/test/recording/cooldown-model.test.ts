/**
 * Random lives of a cooldown: answers of several uploads at once, checks, restarts and time. Beside it stands a plainer book
 * that keeps every refusal as it came, forgets nothing by arithmetic, and from which the truth is read anew after each step.
 */
import {
  activeLimit,
  COOLDOWN,
  type Cooldown,
  type CooldownReason,
  needsFairUseCheck,
  nextExpiryMs,
  OPEN,
  restoredCooldown,
  stepCooldown,
  storedCooldown,
} from "@holdfast/core";
import fc from "fast-check";
import { expect, test } from "vitest";

type Act =
  | { readonly type: "pass"; readonly ms: number }
  | { readonly type: "begin" | "restart" | "wait for timer" }
  | { readonly type: "refused"; readonly reason: CooldownReason; readonly retryAfterMs: number | null }
  | { readonly type: "accepted"; readonly which: number }
  | { readonly type: "checked"; readonly restricted: boolean | "unknown" };

interface Refusal {
  readonly atMs: number;
  readonly untilMs: number;
}

const CAP: Readonly<Record<CooldownReason, number>> = {
  fair_use: COOLDOWN.maxFairUseMs,
  backend_busy: COOLDOWN.maxBusyMs,
};
const REASONS = ["fair_use", "backend_busy"] as const;

class World {
  cooldown: Cooldown = OPEN;
  nowMs = 1_000_000;
  /** When the uploads that are under way began. */
  readonly uploads: number[] = [];
  /** Refusals that nothing disproved yet. */
  readonly book: Record<CooldownReason, Refusal[]> = { fair_use: [], backend_busy: [] };

  refused(reason: CooldownReason, retryAfterMs: number | null): void {
    const lasts = retryAfterMs !== null && retryAfterMs > 0 ? Math.min(retryAfterMs, CAP[reason]) : COOLDOWN.defaultMs;
    this.book[reason].push({ atMs: this.nowMs, untilMs: this.nowMs + lasts });
    const before = this.deadlines();
    this.cooldown = stepCooldown(this.cooldown, { type: "limited", reason, retryAfterMs, nowMs: this.nowMs });
    // A deadline never comes earlier by being refused once more, and is never further away than its cap.
    for (const each of REASONS) expect(this.deadlines()[each]).toBeGreaterThanOrEqual(before[each]);
    expect(this.deadlines()[reason]).toBeLessThanOrEqual(Math.max(before[reason], this.nowMs + CAP[reason]));
    expect(activeLimit(this.cooldown, this.nowMs)).not.toBeNull();
  }

  accepted(which: number): void {
    const [startedAtMs] = this.uploads.length === 0 ? [] : this.uploads.splice(which % this.uploads.length, 1);
    if (startedAtMs === undefined) return;
    const before = this.cooldown;
    this.cooldown = stepCooldown(before, { type: "succeeded", startedAtMs });
    for (const reason of REASONS) {
      const isDisproved = this.book[reason].every(({ atMs }) => atMs < startedAtMs);
      if (isDisproved) this.book[reason] = [];
      const [was, is] =
        reason === "fair_use"
          ? [before.fairUse, this.cooldown.fairUse]
          : [before.backendBusy, this.cooldown.backendBusy];
      expect(is).toBe(isDisproved ? null : was);
    }
  }

  checked(restricted: boolean | "unknown"): void {
    const { nowMs } = this;
    const last = this.#truth("fair_use");
    if (restricted === false) this.book.fair_use = [];
    else if (last !== null && nowMs >= last)
      this.book.fair_use = [{ atMs: nowMs, untilMs: nowMs + COOLDOWN.recheckMs }];
    const { backendBusy } = this.cooldown;
    this.cooldown = stepCooldown(this.cooldown, { type: "fair_use_checked", restricted, nowMs });
    expect(this.cooldown.backendBusy).toBe(backendBusy);
    // Whatever it heard, it need not ask again at once.
    expect(needsFairUseCheck(this.cooldown, nowMs)).toBe(false);
  }

  restart(): void {
    this.cooldown = restoredCooldown(JSON.parse(JSON.stringify(storedCooldown(this.cooldown))), this.nowMs);
    this.book.backend_busy = [];
    this.uploads.length = 0;
  }

  /** Nothing changes before the timer, and something does with it. */
  waitForTimer(): void {
    const nextMs = nextExpiryMs(this.cooldown, this.nowMs);
    if (nextMs === null) return;
    const before = activeLimit(this.cooldown, this.nowMs);
    expect(activeLimit(this.cooldown, nextMs - 1)).toEqual(before);
    expect(REASONS.map((reason) => this.#truth(reason))).toContain(nextMs);
    this.nowMs = nextMs;
  }

  deadlines(): Readonly<Record<CooldownReason, number>> {
    const { fairUse, backendBusy } = this.cooldown;
    return { fair_use: fairUse?.untilMs ?? 0, backend_busy: backendBusy?.untilMs ?? 0 };
  }

  /** The end that the book gives a reason; null where it holds no refusal of it. */
  #truth(reason: CooldownReason): number | null {
    const ends = this.book[reason].map(({ untilMs }) => untilMs);
    return ends.length === 0 ? null : Math.max(...ends);
  }

  check(): void {
    const { cooldown, nowMs } = this;
    const [fairUse, busy] = [this.#truth("fair_use"), this.#truth("backend_busy")];
    expect([cooldown.fairUse?.untilMs ?? null, cooldown.backendBusy?.untilMs ?? null]).toEqual([fairUse, busy]);
    const running = [fairUse ?? 0, busy ?? 0].filter((at) => at > nowMs);
    const limit = activeLimit(cooldown, nowMs);
    expect(limit === null).toBe(running.length === 0);
    expect(nextExpiryMs(cooldown, nowMs)).toBe(running.length === 0 ? null : Math.min(...running));
    expect(needsFairUseCheck(cooldown, nowMs)).toBe(fairUse !== null && nowMs >= fairUse);
    if (limit !== null) expect(limit.untilMs).toBe(limit.reason === "fair_use" ? fairUse : busy);
    if (limit !== null) for (const at of running) expect(limit.untilMs).toBeGreaterThanOrEqual(at);
  }
}

function act(world: World, next: Act): void {
  switch (next.type) {
    case "pass":
      world.nowMs += next.ms;
      return;
    case "begin":
      world.uploads.push(world.nowMs);
      return;
    case "refused":
      world.refused(next.reason, next.retryAfterMs);
      return;
    case "accepted":
      world.accepted(next.which);
      return;
    case "checked":
      world.checked(next.restricted);
      return;
    case "restart":
      world.restart();
      return;
    case "wait for timer":
      world.waitForTimer();
      return;
    default:
      next satisfies never;
  }
}

const DAY = 86_400_000;
const wishes = fc.constantFrom(
  null,
  0,
  -1,
  1,
  1_000,
  30_000,
  600_000,
  DAY,
  DAY + 1,
  40 * DAY,
  Number.POSITIVE_INFINITY,
);
const acts: fc.Arbitrary<Act> = fc.oneof(
  fc.constantFrom(0, 1, 1_000, 60_000, 1_800_000, DAY).map((ms): Act => ({ type: "pass", ms })),
  fc.constant<Act>({ type: "begin" }),
  fc
    .tuple(fc.constantFrom(...REASONS), wishes)
    .map(([reason, retryAfterMs]): Act => ({ type: "refused", reason, retryAfterMs })),
  fc.nat(5).map((which): Act => ({ type: "accepted", which })),
  fc.constantFrom(true, false, "unknown" as const).map((restricted): Act => ({ type: "checked", restricted })),
  fc.constantFrom<Act>({ type: "restart" }, { type: "wait for timer" }, { type: "wait for timer" }),
);

test("pauses exactly as long as the refusals that nobody disproved say", () => {
  const met = new Set<string>();
  fc.assert(
    fc.property(fc.array(acts, { maxLength: 100, size: "max" }), (list) => {
      const world = new World();
      for (const next of list) {
        const wasLimited = world.cooldown !== OPEN && activeLimit(world.cooldown, world.nowMs) !== null;
        act(world, next);
        world.check();
        const limit = activeLimit(world.cooldown, world.nowMs);
        if (limit !== null) met.add(limit.reason);
        if (wasLimited && limit === null) met.add(`ended by ${next.type}`);
      }
    }),
    { numRuns: 300 },
  );
  const endings = ["accepted", "checked", "pass", "restart", "wait for timer"].map((by) => `ended by ${by}`);
  expect([...met].sort()).toEqual([...REASONS, ...endings].sort());
});
