/**
 * What the index knows, as a pure function of its changes: recordings by id, notes by key, and whatever a newer version wrote
 * that this one does not understand, which is kept as it is. Recordings carry the fields of a newer version along, because a
 * change names only the fields that it changes.
 */
import type { Recording } from "./recording.ts";

export interface StoredRecording extends Recording {
  /** Its bytes are being removed; after a crash the removal is finished. */
  readonly removing?: boolean;
  /** The record as it stood in an Omi index, with every field of it. */
  readonly omi?: Readonly<Record<string, unknown>>;
}

export type Change =
  | { readonly put: StoredRecording }
  | { readonly set: string; readonly fields: Partial<StoredRecording> }
  | { readonly drop: string }
  | { readonly note: string; readonly value: string | null };

export interface IndexState {
  readonly entries: Map<string, StoredRecording>;
  readonly notes: Map<string, string>;
  /** Changes of a newer version. */
  readonly unknown: unknown[];
}

export function emptyIndex(): IndexState {
  return { entries: new Map(), notes: new Map(), unknown: [] };
}

export function applyChange(state: IndexState, change: Change): void {
  if ("put" in change) {
    const { put } = change;
    // Logs of the first versions know no batches.
    state.entries.set(put.id, put.batchId === undefined ? { ...put, batchId: null } : put);
  } else if ("set" in change) {
    const entry = state.entries.get(change.set);
    if (entry !== undefined) state.entries.set(change.set, { ...entry, ...change.fields });
  } else if ("drop" in change) {
    state.entries.delete(change.drop);
  } else if ("note" in change) {
    if (change.value === null) state.notes.delete(change.note);
    else state.notes.set(change.note, change.value);
  } else {
    state.unknown.push(change);
  }
}

/** Changes that make this state out of an empty one. */
export function* snapshotOf(state: IndexState): Generator<Change> {
  for (const change of state.unknown) yield change as Change;
  for (const [note, value] of state.notes) yield { note, value };
  for (const put of state.entries.values()) yield { put };
}
