/**
 * Several recording logs as one, for one sync engine: an account has one gate and one pause, however many logs hold its
 * recordings. A content that is in two of them is one recording, and what becomes of it is written to both. Notes are written
 * to all, so that each knows the pause when it is opened alone; of two pauses the one that ends later counts.
 */
import type { Recording, RecordingLog, SyncLog, UploadContent } from "@holdfast/client";
import { isHoldfastError } from "@holdfast/contract";
import type { RecordingEvent } from "@holdfast/core";

export class JoinedLog implements SyncLog {
  readonly logs: RecordingLog[] = [];
  readonly recordings: ReadonlyMap<string, Recording> = new JoinedMap(this.logs);

  add(log: RecordingLog): void {
    this.logs.push(log);
  }

  async apply(events: readonly (readonly [id: string, event: RecordingEvent])[]): Promise<void> {
    for (const log of this.logs) await log.apply(events);
  }

  async sync(): Promise<void> {
    for (const log of this.logs) await log.sync();
  }

  async stamp(ids: readonly string[], conversationId: string): Promise<void> {
    for (const log of this.logs) await log.stamp(ids, conversationId);
  }

  async cameLive(sessionId: string, messages: number, conversationId: string | null): Promise<void> {
    for (const log of this.logs) await log.cameLive(sessionId, messages, conversationId);
  }

  /** Of the first log that can read it. */
  async content(id: string): Promise<UploadContent> {
    const holders = this.logs.filter((log) => log.recordings.has(id));
    for (const log of holders.slice(0, -1)) {
      try {
        return await log.content(id);
      } catch (error) {
        if (!isHoldfastError(error) || error.code !== "file_missing") throw error;
      }
    }
    return await (holders.at(-1) ?? this.#first).content(id);
  }

  async remove(ids: readonly string[]): Promise<void> {
    for (const log of this.logs) await log.remove(ids);
  }

  async removeConfirmed(days: number): Promise<number> {
    let removed = 0;
    for (const log of this.logs) removed += await log.removeConfirmed(days);
    return removed;
  }

  note(key: string): string | null {
    const notes = this.logs.map((log) => log.note(key)).filter((note) => note !== null);
    return notes.sort((a, b) => untilMs(b) - untilMs(a))[0] ?? null;
  }

  async setNote(key: string, value: string | null): Promise<void> {
    for (const log of this.logs) await log.setNote(key, value);
  }

  get #first(): RecordingLog {
    const [first] = this.logs;
    if (first === undefined) throw new Error("a joined log needs a log");
    return first;
  }
}

/** End of the pause that a note tells of; 0 for other notes. */
function untilMs(note: string): number {
  try {
    const { untilMs: end } = JSON.parse(note) as { readonly untilMs?: unknown };
    return typeof end === "number" ? end : 0;
  } catch {
    return 0;
  }
}

/** A view that is never older than its logs. */
class JoinedMap implements ReadonlyMap<string, Recording> {
  readonly #logs: readonly RecordingLog[];

  constructor(logs: readonly RecordingLog[]) {
    this.#logs = logs;
  }

  get size(): number {
    return [...this.keys()].length;
  }

  get(id: string): Recording | undefined {
    for (const { recordings } of this.#logs) {
      const found = recordings.get(id);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  has(id: string): boolean {
    return this.get(id) !== undefined;
  }

  *entries(): MapIterator<[string, Recording]> {
    for (const [at, { recordings }] of this.#logs.entries()) {
      for (const entry of recordings) {
        if (!this.#logs.slice(0, at).some((earlier) => earlier.recordings.has(entry[0]))) yield entry;
      }
    }
  }

  *keys(): MapIterator<string> {
    for (const [id] of this.entries()) yield id;
  }

  *values(): MapIterator<Recording> {
    for (const [, recording] of this.entries()) yield recording;
  }

  [Symbol.iterator](): MapIterator<[string, Recording]> {
    return this.entries();
  }

  forEach(call: (value: Recording, key: string, map: ReadonlyMap<string, Recording>) => void): void {
    for (const [id, recording] of this.entries()) call(recording, id, this);
  }
}
