/**
 * Where a place of a conversation is in its kept sound, and back. The parts of the sound follow each other without the gaps that
 * lay between them, so a second of the transcript is not the same second of the sound (reference offline-sync section 10). All in
 * seconds: a place counts from the beginning of the conversation, a position from the beginning of the joined sound.
 */
import type { SoundSpan } from "@holdfast/client";
import type { Conversation, Segment } from "@holdfast/contract";

/** A segment counts as being spoken for this long after its end, so that the mark does not flicker in the pauses of a speaker. */
const LINGER_S = 1;
/** Players stop a little before the place that they were sent to. */
const EARLY_S = 0.05;

/** Empty where no sound was kept. */
export function soundSpans({ conversation_audio }: Pick<Conversation, "conversation_audio">): readonly SoundSpan[] {
  const spans: unknown = conversation_audio?.spans;
  return Array.isArray(spans) ? spans.filter(isSpan) : [];
}

function isSpan(value: unknown): value is SoundSpan {
  if (typeof value !== "object" || value === null) return false;
  const { wall_offset, artifact_offset, len } = value as Record<string, unknown>;
  return [wall_offset, artifact_offset, len].every((each) => typeof each === "number" && Number.isFinite(each));
}

export function soundLength(spans: readonly SoundSpan[]): number {
  return spans.reduce((sum, { len }) => sum + len, 0);
}

/** Where a segment is heard from; undefined where no sound of it was kept. */
export function heardFrom(
  spans: readonly SoundSpan[],
  { start, end }: Pick<Segment, "start" | "end">,
): number | undefined {
  const position = positionOf(spans, start);
  if (position === undefined) return undefined;
  const isOfSegment = placeOf(spans, position) <= start || placeOf(spans, position) < end;
  return isOfSegment ? position : undefined;
}

/** In a gap it is where the sound goes on behind it; undefined behind the end, where nothing is left to hear. */
export function positionOf(spans: readonly SoundSpan[], place: number): number | undefined {
  const covering = spans.find(({ wall_offset, len }) => place >= wall_offset && place < wall_offset + len);
  if (covering !== undefined) return covering.artifact_offset + (place - covering.wall_offset);
  const later = spans.filter(({ wall_offset }) => wall_offset > place);
  return later.sort((a, b) => a.wall_offset - b.wall_offset)[0]?.artifact_offset;
}

/** The end of a part is the beginning of the next. */
export function placeOf(spans: readonly SoundSpan[], position: number): number {
  const span = spans.findLast(({ artifact_offset }) => position + EARLY_S >= artifact_offset) ?? spans[0];
  return span === undefined ? position : span.wall_offset + (position - span.artifact_offset);
}

/** The id of the segment that is heard at a place: of those being spoken, the one that began last. Null in a silence. */
export function spokenAt(segments: readonly Pick<Segment, "id" | "start" | "end">[], place: number): string | null {
  let spoken: Pick<Segment, "id" | "start" | "end"> | undefined;
  for (const segment of segments) {
    const isSpoken = segment.start <= place + EARLY_S && place < segment.end + LINGER_S;
    if (isSpoken && (spoken === undefined || segment.start >= spoken.start)) spoken = segment;
  }
  return spoken?.id ?? null;
}
