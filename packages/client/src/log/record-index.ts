/**
 * The index as the rest of the log uses it: the journal, the view of this account's recordings that follows it, the events of
 * every change, and start times that no two recordings of a device share. Recordings of other accounts are kept and never
 * shown.
 */
import type { Clock } from "@holdfast/core";
import type { LogEvents } from "./events.ts";
import { GroupSync } from "./group-sync.ts";
import { applyChange, type Change, type StoredRecording } from "./index-state.ts";
import { Journal } from "./journal.ts";
import type { LogStore } from "./store.ts";

export interface RecordIndexOptions {
  readonly store: LogStore;
  readonly clock: Clock;
  readonly owner: string;
  readonly events: LogEvents;
}

export class RecordIndex {
  readonly store: LogStore;
  readonly clock: Clock;
  readonly owner: string;
  readonly events: LogEvents;
  readonly sync: GroupSync;
  /** This account's. */
  readonly recordings = new Map<string, StoredRecording>();
  readonly journal: Journal;
  /** Files that were made since the log was opened: whoever looks for lost ones passes them over. */
  readonly made = new Set<string>();
  readonly #starts = new Map<string, Set<number>>();

  private constructor(options: RecordIndexOptions, sync: GroupSync, journal: Journal) {
    this.store = options.store;
    this.clock = options.clock;
    this.owner = options.owner;
    this.events = options.events;
    this.sync = sync;
    this.journal = journal;
    for (const entry of journal.state.entries.values()) this.#show(entry);
  }

  static async open(options: RecordIndexOptions): Promise<RecordIndex> {
    const { store, clock, events } = options;
    const failed = (error: unknown): void => events.tell({ type: "storage_problem", error });
    const sync = new GroupSync(store, clock, failed);
    let index: RecordIndex | undefined;
    const applied = (change: Change, before: StoredRecording | undefined): void => {
      if (index !== undefined) index.#applied(change, before);
    };
    const journal = await Journal.open({ store, sync, clock, applied, failed });
    index = new RecordIndex(options, sync, journal);
    return index;
  }

  /** All of them, other accounts' too. */
  get entries(): ReadonlyMap<string, StoredRecording> {
    return this.journal.state.entries;
  }

  /** Notes belong to an account as recordings do. */
  noteKey(key: string): string {
    return `${this.owner}\n${key}`;
  }

  /** What the files say themselves and a crash would not take away: not written. */
  progress(id: string, fields: Partial<StoredRecording>): void {
    const before = this.entries.get(id);
    if (before === undefined) return;
    applyChange(this.journal.state, { set: id, fields });
    this.#show({ ...before, ...fields });
  }

  report(error: unknown): void {
    this.events.tell({ type: "storage_problem", error });
  }

  /** The time, or the next free millisecond after it, so that no two `.bin` names of a device are the same. */
  freeStart(device: string, startedAtMs: number): number {
    const taken = this.#startsOf(device);
    // What is no time would never be free.
    let free = Number.isSafeInteger(Math.round(startedAtMs)) ? Math.round(startedAtMs) : this.clock.now();
    while (taken.has(free)) free += 1;
    taken.add(free);
    return free;
  }

  isStartTaken(device: string, startedAtMs: number): boolean {
    return this.#startsOf(device).has(startedAtMs);
  }

  #applied(change: Change, before: StoredRecording | undefined): void {
    if ("note" in change && change.note.startsWith(this.noteKey(""))) {
      this.events.tell({ type: "note_changed", key: change.note.slice(this.noteKey("").length), value: change.value });
    }
    const id = "put" in change ? change.put.id : "set" in change ? change.set : "drop" in change ? change.drop : null;
    if (id === null) return;
    const after = this.entries.get(id);
    if (after === undefined) {
      this.#startsOf(before?.device ?? "").delete(before?.startedAtMs ?? Number.NaN);
      if (this.recordings.delete(id) && before !== undefined) {
        this.events.tell({ type: "recording_removed", recording: before });
      }
      return;
    }
    this.#show(after);
    if (!this.recordings.has(id)) return;
    if (before === undefined) this.events.tell({ type: "recording_added", recording: after });
    else this.events.tell({ type: "recording_changed", recording: after, before });
  }

  #show(entry: StoredRecording): void {
    this.#startsOf(entry.device).add(entry.startedAtMs);
    if (entry.owner === this.owner) this.recordings.set(entry.id, entry);
  }

  #startsOf(device: string): Set<number> {
    const key = device.replace(/[^A-Za-z0-9]/g, "").toLowerCase();
    const known = this.#starts.get(key);
    if (known !== undefined) return known;
    const made = new Set<number>();
    this.#starts.set(key, made);
    return made;
  }
}
