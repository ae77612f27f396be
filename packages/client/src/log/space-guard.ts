/**
 * Refuses to begin what could not be kept, and warns before that. The last `reserveBytes` of the disk are never begun with:
 * they are for what is being recorded, and for the rest of the machine. Where the platform does not say how much room there
 * is, recording goes on and that is said (reference client-sync 2.6).
 */
import type { Clock, Timer } from "@holdfast/core";
import type { LogEvents } from "./events.ts";
import { type LogStore, type StoreSpace, storageFull } from "./store.ts";

export const DEFAULT_RESERVE_BYTES = 512 * 1_048_576;
const CHECK_EVERY_MS = 30_000;

type SpaceVerdict = "fine" | "low" | "refuse" | "unknown";

/** Low begins at twice the reserve. */
function judgeSpace({ freeBytes }: StoreSpace, reserveBytes: number, proposedBytes: number): SpaceVerdict {
  if (freeBytes === null) return "unknown";
  const left = freeBytes - proposedBytes;
  if (left < reserveBytes) return "refuse";
  return left < reserveBytes * 2 ? "low" : "fine";
}

export class SpaceGuard {
  readonly reserveBytes: number;
  readonly #store: LogStore;
  readonly #clock: Clock;
  readonly #events: LogEvents;
  #said: SpaceVerdict = "fine";
  #timer: Timer | undefined;
  #watched = 0;

  constructor(store: LogStore, clock: Clock, events: LogEvents, reserveBytes: number) {
    this.#store = store;
    this.#clock = clock;
    this.#events = events;
    this.reserveBytes = reserveBytes;
  }

  /** Throws HoldfastError `storage_full`. */
  async admit(proposedBytes: number): Promise<void> {
    const space = await this.#store.space();
    const verdict = judgeSpace(space, this.reserveBytes, proposedBytes);
    this.#say(verdict, space, proposedBytes);
    if (verdict === "refuse") throw storageFull();
  }

  /** Looks again and again while something is recorded; returns the end of it. */
  watch(): () => void {
    this.#watched += 1;
    this.#timer ??= this.#clock.every(CHECK_EVERY_MS, () => void this.#look());
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      this.#watched -= 1;
      if (this.#watched > 0) return;
      this.#timer?.cancel();
      this.#timer = undefined;
    };
  }

  async #look(): Promise<void> {
    try {
      const space = await this.#store.space();
      const verdict = judgeSpace(space, this.reserveBytes, 0);
      this.#say(verdict === "refuse" ? "low" : verdict, space, 0);
    } catch (error) {
      this.#events.tell({ type: "storage_problem", error });
    }
  }

  #say(verdict: SpaceVerdict, { freeBytes }: StoreSpace, proposedBytes: number): void {
    const { reserveBytes } = this;
    const isNews = verdict !== this.#said;
    this.#said = verdict;
    if (verdict === "refuse") {
      this.#events.tell({ type: "space_refused", freeBytes: freeBytes ?? 0, reserveBytes, proposedBytes });
    } else if (isNews && verdict === "low") {
      this.#events.tell({ type: "space_low", freeBytes: freeBytes ?? 0, reserveBytes });
    } else if (isNews && verdict === "unknown") {
      this.#events.tell({ type: "space_unknown" });
    }
  }
}
