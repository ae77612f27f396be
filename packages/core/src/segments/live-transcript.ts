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
  /** Channels say who speaks, so no sentence is repaired across speakers. */
  readonly speakersCertain: boolean;
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

export const emptyTranscript: LiveTranscript = { tail: [], shown: new Map(), speakersCertain: false };

/** Starts from what is stored already (a resumed conversation). The client is taken to know it. */
export function resumeTranscript(stored: readonly Segment[], speakersCertain = false): LiveTranscript {
  const tail = stored.slice(-TAIL);
  return { tail, shown: byId(tail), speakersCertain };
}

/** `partials`: of everybody who speaks now, one each; what was shown of others is withdrawn. */
export function showPartials(
  state: LiveTranscript,
  partials: readonly Segment[],
): { readonly next: LiveTranscript; readonly update: ClientUpdate } {
  const view = mergeSegments(state.tail, partials, state.speakersCertain);
  return { next: { ...state, shown: byId(view) }, update: difference(state.shown, view) };
}

/** `partials`: of those who go on speaking, on other channels. */
export function addFinals(
  state: LiveTranscript,
  finals: readonly Segment[],
  partials: readonly Segment[] = [],
): FinalStep {
  const merged = mergeSegments(state.tail, finals, state.speakersCertain);
  const view = mergeSegments(merged, partials, state.speakersCertain);
  const before = byId(state.tail);
  return {
    next: { ...state, tail: merged.slice(-TAIL), shown: byId(view.slice(-TAIL)) },
    update: difference(state.shown, view),
    upserts: merged.filter((segment) => !isSame(before.get(segment.id), segment)),
    removedIds: [...before.keys()].filter((id) => !merged.some((segment) => segment.id === id)),
  };
}

/**
 * What comes next begins new segments: words that belong between may still come from elsewhere, and a segment that grew over
 * them would have them behind it. What partials had shown is withdrawn.
 */
export function cutTranscript(state: LiveTranscript): { readonly next: LiveTranscript; readonly update: ClientUpdate } {
  return { next: { ...state, tail: [], shown: new Map() }, update: difference(state.shown, state.tail) };
}

/** Says whose words the last segments are: they were named by a person, here and in the store, and the client knows it. */
export function relabel(state: LiveTranscript, label: (segment: Segment) => Segment): LiveTranscript {
  return { ...state, tail: state.tail.map(label), shown: byId([...state.shown.values()].map(label)) };
}

function byId(segments: readonly Segment[]): Map<string, Segment> {
  return new Map(segments.map((segment) => [segment.id, segment]));
}

function isSame(a: Segment | undefined, b: Segment): boolean {
  const samePerson = a?.person_id === b.person_id && a.is_user === b.is_user;
  return samePerson && a.text === b.text && a.start === b.start && a.end === b.end && a.speaker === b.speaker;
}

function difference(shown: ReadonlyMap<string, Segment>, view: readonly Segment[]): ClientUpdate {
  const present = byId(view);
  return {
    segments: view.filter((segment) => !isSame(shown.get(segment.id), segment)),
    deletedIds: [...shown.keys()].filter((id) => !present.has(id)),
  };
}
