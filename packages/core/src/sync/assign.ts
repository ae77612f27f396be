/**
 * Which conversation a stretch of offline speech belongs to. Stretches are taken in capture order; one that is less than the
 * join gap away from a conversation continues it, any other begins a new one (119 s joins, 120 s splits; reference
 * offline-sync 5.4). The answer depends on capture times only, never on the order of arrival within a batch.
 */

export interface CaptureSpan {
  readonly id: string;
  readonly startMs: number;
  readonly endMs: number;
}

export interface Stretch {
  readonly startMs: number;
  readonly endMs: number;
}

export interface Assignment<T extends Stretch> {
  readonly conversationId: string;
  /** True where the conversation begins with this assignment. */
  readonly isNew: boolean;
  readonly stretches: readonly T[];
  /** The conversation's span with the new stretches in it. */
  readonly span: CaptureSpan;
}

/** Milliseconds of silence between the two; 0 where they touch or overlap. */
function gapBetween(a: Stretch, b: Stretch): number {
  return Math.max(0, b.startMs - a.endMs, a.startMs - b.endMs);
}

/**
 * `newId` names the conversation that a stretch begins; it must be a function of the stretch so that a retry finds it again.
 * Of several conversations in reach the earliest takes the stretch.
 */
export function assignStretches<T extends Stretch>(
  known: readonly CaptureSpan[],
  stretches: readonly T[],
  joinGapMs: number,
  newId: (first: T) => string,
): Assignment<T>[] {
  const spans = new Map(known.map((span) => [span.id, span]));
  const taken = new Map<string, T[]>();
  const fresh = new Set<string>();
  const inOrder = [...stretches].sort((a, b) => a.startMs - b.startMs || a.endMs - b.endMs);
  for (const stretch of inOrder) {
    const near = [...spans.values()]
      .filter((span) => gapBetween(span, stretch) < joinGapMs)
      .sort((a, b) => a.startMs - b.startMs || (a.id < b.id ? -1 : 1))[0];
    const id = near?.id ?? newId(stretch);
    if (near === undefined && !spans.has(id)) fresh.add(id);
    const span = spans.get(id) ?? { id, ...stretch };
    spans.set(id, {
      id,
      startMs: Math.min(span.startMs, stretch.startMs),
      endMs: Math.max(span.endMs, stretch.endMs),
    });
    taken.set(id, [...(taken.get(id) ?? []), stretch]);
  }
  return [...taken].map(([conversationId, own]) => ({
    conversationId,
    isNew: fresh.has(conversationId),
    stretches: own,
    span: spans.get(conversationId) ?? { id: conversationId, startMs: 0, endMs: 0 },
  }));
}
