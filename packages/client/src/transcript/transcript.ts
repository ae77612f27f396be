/**
 * The live transcript as a pure function of what the server said: segments come again and again while they grow and are kept
 * by id, deletions remove, and another conversation begins with an empty page. Order is by time, then by arrival.
 */
import type { Segment } from "@holdfast/contract";
import type { ListenSocketEvent } from "../live/listen-socket.ts";

export interface TranscriptState {
  readonly conversationId: string | null;
  readonly segments: readonly Segment[];
}

export const emptyTranscript: TranscriptState = { conversationId: null, segments: [] };

export function reduceTranscript(state: TranscriptState, event: ListenSocketEvent): TranscriptState {
  switch (event.type) {
    case "segments":
      return { ...state, segments: upsertSegments(state.segments, event.segments) };
    case "segments_deleted":
      return { ...state, segments: removeSegments(state.segments, event.segment_ids) };
    case "conversation_session": {
      const isSame = state.conversationId === null || state.conversationId === event.conversation_id;
      return { conversationId: event.conversation_id, segments: isSame ? state.segments : [] };
    }
    default:
      return state;
  }
}

export function upsertSegments(view: readonly Segment[], changed: readonly Segment[]): readonly Segment[] {
  if (changed.length === 0) return view;
  const byId = new Map(view.map((segment) => [segment.id, segment]));
  for (const segment of changed) byId.set(segment.id, segment);
  // Sorting is stable, and a Map keeps the place of a key that is set again.
  return [...byId.values()].sort((a, b) => a.start - b.start);
}

export function removeSegments(view: readonly Segment[], ids: readonly string[]): readonly Segment[] {
  const gone = new Set(ids);
  const kept = view.filter((segment) => !gone.has(segment.id));
  return kept.length === view.length ? view : kept;
}

/** The words alone. */
export function transcriptText(segments: readonly Pick<Segment, "text">[]): string {
  return segments
    .map((segment) => segment.text.trim())
    .filter((text) => text !== "")
    .join(" ");
}
