/**
 * The index on disk: generations of `journal-format.ts`, of which the newest is written. When its changes outgrow its snapshot,
 * a new generation is written beside it, synced and read back before it is used; the one before stays until then, and one more
 * generation long, so that a newest one which is torn or wrong falls back to a good one. What a crash left unfinished at the
 * end of the newest is overwritten by the next change.
 *
 * Changes happen one after the other. `change` resolves when its changes would survive the end of the process, and only then
 * are they part of `state`; where they cannot be written it throws and nothing happened. `later` is for what must not wait and
 * can be found again (the progress of a capture): it is part of `state` at once and written within `LATER_WITHIN_MS`.
 */
import type { Clock, Timer } from "@holdfast/core";
import { concat } from "./bytes.ts";
import type { GroupSync } from "./group-sync.ts";
import {
  applyChange,
  type Change,
  emptyIndex,
  type IndexState,
  type StoredRecording,
  snapshotOf,
} from "./index-state.ts";
import { encodeChanges, encodeHead, encodeSnapshotEnd, JournalReader } from "./journal-format.ts";
import { type LogStore, storageFailed } from "./store.ts";

const LATER_WITHIN_MS = 1_000;
const MIN_CHANGES_BYTES = 1_048_576;
const READ_BYTES = 1_048_576;
/** Changes of a line, and bytes of a write, of a snapshot: other work has its turn in between. */
const LINE_CHANGES = 64;
const WRITE_BYTES = 262_144;

/** Of all generations. */
const ENDING = ".journal";
const NAME = /^index-(\d{8})\.journal$/;
const nameOf = (generation: number): string => `index-${String(generation).padStart(8, "0")}.journal`;

export interface JournalReport {
  /** Generations that could not be used. */
  readonly wrong: readonly string[];
  /** Bytes at the end of the one that is used which did not check out. */
  readonly droppedBytes: number;
}

export interface JournalDeps {
  readonly store: LogStore;
  readonly sync: GroupSync;
  readonly clock: Clock;
  /** Called for every change as it becomes part of `state`. */
  readonly applied: (change: Change, before: StoredRecording | undefined) => void;
  /** What went wrong where nobody waits. */
  readonly failed: (error: unknown) => void;
}

interface Generation {
  readonly number: number;
  readonly snapshotBytes: number;
  /** Where the next line goes. */
  at: number;
}

export class Journal {
  readonly state: IndexState;
  readonly report: JournalReport;
  readonly #deps: JournalDeps;
  #current: Generation;
  #rollAt: number;
  #pending: Change[] = [];
  #timer: Timer | undefined;
  /** The store belongs to somebody else from here on, who would find its own lines overwritten. */
  #isClosed = false;
  #tail: Promise<unknown> = Promise.resolve();

  private constructor(deps: JournalDeps, state: IndexState, report: JournalReport, current: Generation) {
    this.#deps = deps;
    this.state = state;
    this.report = report;
    this.#current = current;
    this.#rollAt = rollAt(current);
  }

  static async open(deps: JournalDeps): Promise<Journal> {
    const generations = (await deps.store.list(ENDING))
      .map((name) => Number(NAME.exec(name)?.[1] ?? Number.NaN))
      .filter((generation) => !Number.isNaN(generation))
      .sort((a, b) => b - a);
    const wrong: string[] = [];
    for (const number of generations) {
      const { reader, bytes } = await readGeneration(deps.store, nameOf(number));
      if (!reader.hasSnapshot) {
        wrong.push(nameOf(number));
        continue;
      }
      const report = { wrong, droppedBytes: bytes - reader.end };
      const base = { number, snapshotBytes: reader.end, at: reader.end };
      const journal = new Journal(deps, reader.state, report, base);
      // Nothing is written over bytes that may be worth a look, unless there is no room for anything else.
      if (reader.stopped || wrong.length > 0) await journal.#roll((generations[0] ?? number) + 1).catch(deps.failed);
      return journal;
    }
    const next = (generations[0] ?? 0) + 1;
    const journal = new Journal(deps, emptyIndex(), { wrong, droppedBytes: 0 }, { number: 0, snapshotBytes: 0, at: 0 });
    await journal.#roll(next);
    return journal;
  }

  /** `decide` sees the state as it is when its turn has come. */
  change(decide: () => readonly Change[]): Promise<void> {
    const turn = this.#tail.then(async () => {
      if (this.#isClosed) throw storageFailed("the log was closed");
      const changes = decide();
      await this.#write(changes);
      this.#apply(changes);
    });
    this.#tail = turn.catch(() => undefined).then(() => this.#rollIfDue());
    return turn;
  }

  later(changes: readonly Change[]): void {
    if (this.#isClosed) return;
    this.#apply(changes);
    this.#pending.push(...changes);
    this.#timer ??= this.#deps.clock.after(LATER_WITHIN_MS, () => {
      this.#timer = undefined;
      this.flush().catch((error: unknown) => {
        this.#deps.failed(error);
        this.later([]);
      });
    });
  }

  /** Resolves when what was given to `later` is written. */
  flush(): Promise<void> {
    return this.change(() => []);
  }

  /** Resolves when every change so far survives a loss of power. */
  async sync(): Promise<void> {
    await this.flush();
    await this.#deps.sync.now(nameOf(this.#current.number));
  }

  /** Writes and syncs what is left. Throws what the store says; nothing is written afterwards. */
  async close(): Promise<void> {
    try {
      await this.flush();
      await this.#tail;
      await this.sync();
    } finally {
      // Also where the disk takes nothing: nothing may be tried again in a store that is given back.
      this.#isClosed = true;
      await this.#tail;
      this.#timer?.cancel();
    }
  }

  #apply(changes: readonly Change[]): void {
    for (const change of changes) {
      const id = "put" in change ? change.put.id : "set" in change ? change.set : "drop" in change ? change.drop : "";
      const before = this.state.entries.get(id);
      applyChange(this.state, change);
      this.#deps.applied(change, before);
    }
  }

  async #write(changes: readonly Change[]): Promise<void> {
    const pending = this.#pending.length;
    const all = [...this.#pending, ...changes];
    if (all.length === 0) return;
    const name = nameOf(this.#current.number);
    const bytes = encodeChanges(all);
    await this.#deps.store.write(name, this.#current.at, bytes);
    this.#current.at += bytes.length;
    this.#pending.splice(0, pending);
    this.#deps.sync.touch(name);
  }

  async #rollIfDue(): Promise<void> {
    if (this.#current.at < this.#rollAt) return;
    try {
      await this.#roll(this.#current.number + 1);
    } catch (error) {
      this.#rollAt *= 2;
      this.#deps.failed(error);
    }
  }

  async #roll(number: number): Promise<void> {
    const { store, sync } = this.#deps;
    const name = nameOf(number);
    const covered = this.#pending.length;
    const at = await writeSnapshot(store, name, number, this.state);
    await store.sync(name);
    const { reader, bytes } = await readGeneration(store, name);
    if (!reader.hasSnapshot || reader.stopped || bytes !== at)
      throw storageFailed(`${name} was not written as it should`);
    const base = nameOf(this.#current.number);
    this.#current = { number, snapshotBytes: at, at };
    this.#rollAt = rollAt(this.#current);
    this.#pending.splice(0, covered);
    for (const old of await store.list(ENDING)) {
      if (!NAME.test(old) || old === name || old === base) continue;
      sync.forget(old);
      await store.remove(old);
    }
  }
}

function rollAt({ snapshotBytes }: Generation): number {
  return snapshotBytes + Math.max(MIN_CHANGES_BYTES, snapshotBytes);
}

async function readGeneration(store: LogStore, name: string): Promise<{ reader: JournalReader; bytes: number }> {
  const reader = new JournalReader();
  let bytes = 0;
  for (;;) {
    const part = await store.read(name, bytes, bytes + READ_BYTES);
    reader.feed(part);
    bytes += part.length;
    if (part.length < READ_BYTES) return { reader, bytes };
  }
}

/** Resolves with the bytes written. */
async function writeSnapshot(store: LogStore, name: string, number: number, state: IndexState): Promise<number> {
  let at = 0;
  let parts: Uint8Array[] = [encodeHead(number)];
  let changes: Change[] = [];
  const write = async (): Promise<void> => {
    const bytes = concat(parts);
    parts = [];
    await store.write(name, at, bytes);
    at += bytes.length;
  };
  let size = 0;
  for (const change of snapshotOf(state)) {
    changes.push(change);
    if (changes.length < LINE_CHANGES) continue;
    const line = encodeChanges(changes);
    changes = [];
    parts.push(line);
    size += line.length;
    if (size < WRITE_BYTES) continue;
    size = 0;
    await write();
  }
  if (changes.length > 0) parts.push(encodeChanges(changes));
  parts.push(encodeSnapshotEnd());
  await write();
  return at;
}
