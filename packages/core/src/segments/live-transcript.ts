/**
 * The end of a transcript while somebody speaks: what is stored, what the client was shown, and the difference to send.
 *
 * A partial is shown as it would look if it became final now: grown into the last segment, or as a new one. Nothing of it is
 * stored. A final is merged, stored and shown; whatever a partial had shown differently is corrected, so that after every
 * final the client, which upserts by id and deletes what it is told to, holds exactly what is stored.
 */
import type { Segment } from "@holdfast/contract";
import { mergeSegments } from "./merge.ts";

/** How many last segments can still change. Merging looks at one; the rest is margin. */
const TAIL = 4;

export interface LiveTranscript {
  /** The last stored segments. */
  readonly tail: readonly Segment[];
  /** What the client holds of the part that can still change, by id. */
  readonly shown: ReadonlyMap<string, Segment>;
}

export interface ClientUpdate {
  readonly segments: readonly Segment[];
  readonly deletedIds: readonly string[];
}

export interface FinalStep {
  readonly next: LiveTranscript;
  readonly update: ClientUpdate;
  /** Rows to write and rows to delete. */
  readonly upserts: readonly Segment[];
  readonly removedIds: readonly string[];
}

export const emptyTranscript: LiveTranscript = { tail: [], shown: new Map() };

/** Starts from what is stored already (a resumed conversation). The client is taken to know it. */
export function resumeTranscript(stored: readonly Segment[]): LiveTranscript {
  const tail = stored.slice(-TAIL);
  return { tail, shown: byId(tail) };
}

/** `partial` undefined withdraws what was shown of the last one. */
export function showPartial(
  state: LiveTranscript,
  partial: Segment | undefined,
): { readonly next: LiveTranscript; readonly update: ClientUpdate } {
  const view = partial === undefined ? state.tail : mergeSegments(state.tail, [partial]);
  return { next: { tail: state.tail, shown: byId(view) }, update: difference(state.shown, view) };
}

export function addFinals(state: LiveTranscript, finals: readonly Segment[]): FinalStep {
  const merged = mergeSegments(state.tail, finals);
  const before = byId(state.tail);
  const tail = merged.slice(-TAIL);
  return {
    next: { tail, shown: byId(tail) },
    update: difference(state.shown, merged),
    upserts: merged.filter((segment) => !isSame(before.get(segment.id), segment)),
    removedIds: [...before.keys()].filter((id) => !merged.some((segment) => segment.id === id)),
  };
}

function byId(segments: readonly Segment[]): Map<string, Segment> {
  return new Map(segments.map((segment) => [segment.id, segment]));
}

function isSame(a: Segment | undefined, b: Segment): boolean {
  return a !== undefined && a.text === b.text && a.start === b.start && a.end === b.end && a.speaker === b.speaker;
}

function difference(shown: ReadonlyMap<string, Segment>, view: readonly Segment[]): ClientUpdate {
  const present = byId(view);
  return {
    segments: view.filter((segment) => !isSame(shown.get(segment.id), segment)),
    deletedIds: [...shown.keys()].filter((id) => !present.has(id)),
  };
}
