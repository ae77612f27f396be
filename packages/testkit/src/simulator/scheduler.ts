/**
 * The world's only source of time and of order. Everything that happens is an event at a moment of virtual time; events of the
 * same moment are taken in an order that the seed decides. After each event the scheduler lets every promise settle that can
 * (nothing in a simulated world waits for the real one, but for what `real` is told of), so an event and everything it sets
 * off are one step, and the same seed makes the same steps.
 *
 * Each event belongs to an owner (a simulated process): events of a dead owner are dropped, those of a stopped one wait until
 * it goes on. The trace is a running hash over time and name of every event; two runs with the same hash did the same.
 */
import type { SeededRandom } from "./random.ts";

/** Who an event happens to. */
export interface Owner {
  readonly state: "running" | "stopped" | "dead";
  /** Keeps what happens while it is stopped. */
  hold(event: () => void): void;
}

export interface Scheduled {
  cancel(): void;
}

interface Entry {
  readonly atMs: number;
  readonly order: number;
  readonly sequence: number;
  readonly owner: Owner | undefined;
  readonly label: string;
  call: (() => void) | undefined;
}

/** A step that feeds streams takes several turns of the event loop; more than this none of ours does. */
const STREAM_TURNS = 12;

/** A world that takes longer than this is taken to be in a circle. */
const MAX_EVENTS = 400_000;

export class Scheduler {
  readonly #random: SeededRandom;
  readonly #heap: Entry[] = [];
  readonly #startMs: number;
  /** Since the beginning; small numbers keep the fine differences between events that absolute times would lose. */
  #elapsedMs = 0;
  #sequence = 0;
  #hash = 0x811c9dc5;
  #real = 0;
  #streams = 0;
  #realSettled: (() => void) | undefined;
  #recent: string[] = [];
  #failure: Error | undefined;
  events = 0;
  /** Keeps the names of all events, for people who read a replay. */
  onTrace: ((line: string) => void) | undefined;

  constructor(random: SeededRandom, startMs: number) {
    this.#random = random;
    this.#startMs = startMs;
  }

  get nowMs(): number {
    return this.#startMs + this.#elapsedMs;
  }

  /** Since the beginning of the world. */
  get elapsedMs(): number {
    return this.#elapsedMs;
  }

  /** Hash of everything that happened so far. */
  get trace(): string {
    return (this.#hash >>> 0).toString(16).padStart(8, "0");
  }

  /** The last events, for a failure's report. */
  get recent(): readonly string[] {
    return this.#recent;
  }

  after(ms: number, label: string, owner: Owner | undefined, call: () => void): Scheduled {
    const entry: Entry = {
      atMs: this.#elapsedMs + Math.max(0, ms),
      order: this.#random.next(),
      sequence: this.#sequence,
      owner,
      label,
      call,
    };
    this.#sequence += 1;
    push(this.#heap, entry);
    return {
      cancel: () => {
        entry.call = undefined;
      },
    };
  }

  /** Ends the run with this error after the present step. */
  fail(error: Error): void {
    this.#failure ??= error;
  }

  /** Writes something into the trace that is no event of its own. */
  note(label: string): void {
    this.#record(label);
  }

  /** Work of the real world that a step must wait for (the first load of a codec). Its result is the same in every run. */
  async real<T>(work: Promise<T>): Promise<T> {
    this.#real += 1;
    try {
      return await work;
    } finally {
      this.#real -= 1;
      if (this.#real === 0) this.#realSettled?.();
    }
  }

  /**
   * Until the answer is called: something is under way that hands its work from one turn of the event loop to the next (streams,
   * a web server), so that a step is over only after several of them.
   */
  streaming(): () => void {
    this.#streams += 1;
    let isOver = false;
    return () => {
      if (!isOver) this.#streams -= 1;
      isOver = true;
    };
  }

  /** Runs until `done` says so or `untilMs` of world time have passed. True where `done` ended it. Throws what `fail` got. */
  async run(untilMs: number, done: () => boolean = () => false): Promise<boolean> {
    await this.#settle();
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure;
      if (done()) return true;
      const entry = this.#heap[0];
      if (entry === undefined || entry.atMs > untilMs) {
        this.#elapsedMs = untilMs;
        return done();
      }
      pop(this.#heap);
      if (entry.call === undefined || entry.owner?.state === "dead") continue;
      this.#elapsedMs = Math.max(this.#elapsedMs, entry.atMs);
      if (entry.owner?.state === "stopped") {
        // It may still be cancelled while its owner stands still.
        entry.owner.hold(() => entry.call?.());
        continue;
      }
      this.events += 1;
      if (this.events > MAX_EVENTS) throw new Error("the simulated world does not come to rest");
      this.#record(entry.label);
      entry.call();
      await this.#settle();
    }
  }

  #record(label: string): void {
    const line = `${this.elapsedMs.toFixed(3)} ${label}`;
    let hash = this.#hash;
    for (let i = 0; i < line.length; i++) hash = Math.imul(hash ^ line.charCodeAt(i), 0x01000193);
    this.#hash = hash;
    this.#recent.push(line);
    if (this.#recent.length > 120) this.#recent = this.#recent.slice(-60);
    this.onTrace?.(line);
  }

  /** All promises that can settle have settled once the event loop comes round. */
  async #settle(): Promise<void> {
    await new Promise<void>((resolve) => setImmediate(resolve));
    for (let turn = 1; this.#streams > 0 && turn < STREAM_TURNS; turn++) {
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
    while (this.#real > 0) {
      await new Promise<void>((resolve) => {
        this.#realSettled = resolve;
      });
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
  }
}

function before(a: Entry, b: Entry): boolean {
  if (a.atMs !== b.atMs) return a.atMs < b.atMs;
  return a.order !== b.order ? a.order < b.order : a.sequence < b.sequence;
}

function push(heap: Entry[], entry: Entry): void {
  let at = heap.length;
  heap.push(entry);
  while (at > 0) {
    const parent = (at - 1) >> 1;
    const above = heap[parent];
    if (above === undefined || !before(entry, above)) break;
    heap[at] = above;
    at = parent;
  }
  heap[at] = entry;
}

function pop(heap: Entry[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let at = 0;
  for (;;) {
    const left = 2 * at + 1;
    if (left >= heap.length) break;
    const a = heap[left];
    const b = heap[left + 1];
    const child = a !== undefined && b !== undefined && before(b, a) ? left + 1 : left;
    const below = heap[child];
    if (below === undefined || !before(below, last)) break;
    heap[at] = below;
    at = child;
  }
  heap[at] = last;
}
