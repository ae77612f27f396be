/**
 * Gathers the small audio messages of many sessions into lots of 60 ms of sound. A gateway takes and forwards 50 messages a second
 * of each session, and what a message costs is mostly the system call that writes it and the way through memory that the
 * other sessions have used since; a lot goes that way once, and is written once, each message still by itself.
 *
 * - Sound of that length is never held. The first of three 20 ms packets waits for 40 ms, the last not at all.
 * - One timer for all lots of the process takes along what a client does not complete, at most 100 ms late.
 * - Order stays, and nothing is dropped but by `forget`.
 */
import type { Clock, Timer } from "@holdfast/core";

/** Sound that is sent together. */
const LOT_MS = 60;

/** However little sound they hold. */
const MAX_MESSAGES = 32;

/** What waits is taken after one to two of these. */
const TICK_MS = 50;

/** Shared by all sessions of a process. */
export class Lots {
  readonly #clock: Clock;
  #young = new Set<Held>();
  #old = new Set<Held>();
  #timer: Timer | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A lot of its own for each who holds messages. */
  open<T>(take: (messages: readonly T[]) => void): Lot<T> {
    return new Lot(this, take);
  }

  /** Called by a lot that begins to hold something. */
  began(lot: Held): void {
    this.#young.add(lot);
    this.#timer ??= this.#clock.every(TICK_MS, () => this.#tick());
  }

  /** Called by a lot that holds nothing any more. */
  ended(lot: Held): void {
    if (!this.#young.delete(lot)) this.#old.delete(lot);
  }

  #tick(): void {
    for (const lot of this.#old) lot.flush();
    [this.#old, this.#young] = [this.#young, this.#old];
    if (this.#old.size > 0) return;
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}

type Held = Pick<Lot<never>, "flush">;

export class Lot<T> {
  readonly #lots: Lots;
  readonly #take: (messages: readonly T[]) => void;
  #held: T[] = [];
  #heldMs = 0;

  constructor(lots: Lots, take: (messages: readonly T[]) => void) {
    this.#lots = lots;
    this.#take = take;
  }

  add(message: T, soundMs: number): void {
    this.#held.push(message);
    this.#heldMs += soundMs;
    if (this.#heldMs >= LOT_MS || this.#held.length >= MAX_MESSAGES) this.flush();
    else if (this.#held.length === 1) this.#lots.began(this);
  }

  /** Hands over what is held. */
  flush(): void {
    const held = this.#held;
    if (held.length === 0) return;
    this.forget();
    this.#take(held);
  }

  /** Nobody wants what is held any more. */
  forget(): void {
    if (this.#held.length === 0) return;
    this.#held = [];
    this.#heldMs = 0;
    this.#lots.ended(this);
  }
}
