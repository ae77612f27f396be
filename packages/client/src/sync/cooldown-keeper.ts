/**
 * The one cooldown of an account: it keeps the machine of core, its timer and what must survive a restart, and tells when a
 * pause begins and when it is over. Everybody who would send something asks here first.
 */
import {
  type ActiveLimit,
  activeLimit,
  type Clock,
  type Cooldown,
  type CooldownEvent,
  type CooldownReason,
  clockSetBack,
  needsFairUseCheck,
  nextExpiryMs,
  OPEN,
  restoredCooldown,
  type StoredCooldown,
  stepCooldown,
  storedCooldown,
  type Timer,
} from "@holdfast/core";
import type { SyncEmitter } from "./events.ts";
import { MAX_TIMER_MS } from "./schedule.ts";
import type { SyncLog } from "./sync-log.ts";

const KEY = "cooldown.fair_use";
/** A timer that comes so much before its time by the clock tells that the clock was set back. */
const CLOCK_SET_BACK_MS = 1_000;

export interface CooldownKeeperOptions {
  readonly log: Pick<SyncLog, "note" | "setNote">;
  readonly clock: Clock;
  readonly emitter: SyncEmitter;
  /** The last limit ran out or was lifted, so long after it began. */
  readonly onOpen: (lengthMs: number) => void;
}

export class CooldownKeeper {
  readonly #options: CooldownKeeperOptions;
  #cooldown: Cooldown = OPEN;
  #timer: Timer | undefined;
  #wasLimited = false;
  #limitedSinceMs = 0;

  constructor(options: CooldownKeeperOptions) {
    this.#options = options;
    this.#cooldown = restoredCooldown(parse(options.log.note(KEY)), options.clock.now());
    this.#wasLimited = this.limit !== null;
    this.#limitedSinceMs = options.clock.now();
    this.#arm();
  }

  /** What pauses uploads now. */
  get limit(): ActiveLimit | null {
    return activeLimit(this.#cooldown, this.#options.clock.now());
  }

  /** A fair-use limit is stored, running or not: the server may know better. */
  get hasFairUse(): boolean {
    return this.#cooldown.fairUse !== null;
  }

  /** The stored fair-use limit ran out: ask before the next upload. */
  get needsCheck(): boolean {
    return needsFairUseCheck(this.#cooldown, this.#options.clock.now());
  }

  /** Pauses every upload; `simulated` by a developer's switch. */
  async limited(reason: CooldownReason, retryAfterMs: number | null, simulated = false): Promise<void> {
    await this.#step({ type: "limited", reason, retryAfterMs, nowMs: this.#options.clock.now() });
    const limit = this.limit;
    if (limit !== null) this.#options.emitter.emit("cooldown_started", { reason, until: limit.untilMs, simulated });
  }

  /** An upload that began then was accepted. */
  async succeeded(startedAtMs: number): Promise<void> {
    await this.#step({ type: "succeeded", startedAtMs });
  }

  async fairUseChecked(restricted: boolean | "unknown"): Promise<void> {
    this.#options.emitter.emit("fair_use_checked", { restricted });
    await this.#step({ type: "fair_use_checked", restricted, nowMs: this.#options.clock.now() });
  }

  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  async #step(event: CooldownEvent): Promise<void> {
    const before = this.#cooldown;
    this.#cooldown = stepCooldown(before, event);
    if (this.#cooldown === before) return;
    this.#arm();
    const stored = storedCooldown(this.#cooldown);
    try {
      if (stored !== storedCooldown(before)) {
        await this.#options.log.setNote(KEY, stored === null ? null : JSON.stringify(stored));
      }
    } finally {
      // Also where the disk takes nothing: whoever waits for the end of the pause must hear of it.
      this.#tell();
    }
  }

  #arm(): void {
    this.#timer?.cancel();
    const now = this.#options.clock.now();
    const at = nextExpiryMs(this.#cooldown, now);
    this.#timer = at === null ? undefined : this.#options.clock.after(...this.#alarm(at - now));
  }

  #alarm(leftMs: number): [delayMs: number, call: () => void] {
    // A timer may come a little early; the limit is over at its end and not before.
    const delayMs = Math.min(leftMs + 1, MAX_TIMER_MS);
    const dueMs = this.#options.clock.now() + delayMs;
    return [
      delayMs,
      () => {
        const lateMs = this.#options.clock.now() - dueMs;
        if (lateMs < -CLOCK_SET_BACK_MS) {
          this.#cooldown = clockSetBack(this.#cooldown, -lateMs);
          this.#limitedSinceMs += lateMs;
        }
        this.#arm();
        this.#tell();
      },
    ];
  }

  #tell(): void {
    const isLimited = this.limit !== null;
    const wasLimited = this.#wasLimited;
    this.#wasLimited = isLimited;
    const now = this.#options.clock.now();
    if (!wasLimited && isLimited) this.#limitedSinceMs = now;
    if (wasLimited && !isLimited) {
      this.#options.emitter.emit("cooldown_ended", {});
      this.#options.onOpen(now - this.#limitedSinceMs);
    }
    this.#options.emitter.emit("changed", {});
  }
}

function parse(text: string | null): StoredCooldown | null {
  if (text === null) return null;
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null) return null;
    const { untilMs, setAtMs } = value as Partial<StoredCooldown>;
    return typeof untilMs === "number" && typeof setAtMs === "number" ? { untilMs, setAtMs } : null;
  } catch {
    return null;
  }
}
