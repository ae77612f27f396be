/**
 * Which stretches of offline speech belong to one conversation (reference offline-sync 5.4). Two captures connect when the
 * uncovered gap between them is less than the join gap (119 s joins, 120 s splits), and connections chain: a stretch that
 * lies between two conversations makes them one. What is connected depends on capture times only, so it is the same in
 * whatever order and in whatever batches the stretches arrive.
 */

export interface Stretch {
  readonly startMs: number;
  readonly endMs: number;
}

/** A conversation as it lies in time. */
export interface CaptureSpan extends Stretch {
  readonly id: string;
}

export interface Chain<T extends Stretch> {
  /** Conversations that are connected now, the one that stays first; none where a conversation begins. */
  readonly members: readonly CaptureSpan[];
  /** In capture order; never empty. */
  readonly stretches: readonly T[];
  /** From the first of it to the last. */
  readonly span: Stretch;
}

interface OpenChain<T extends Stretch> extends Stretch {
  readonly members: CaptureSpan[];
  readonly stretches: T[];
  startMs: number;
  endMs: number;
}

/**
 * Connects stretches with each other and with what is known. Known conversations that no stretch reaches are left out. Where
 * there is a `home`, everything belongs to it, wherever it lies in time, and known conversations join what both cover.
 */
export function chainStretches<T extends Stretch>(
  known: readonly CaptureSpan[],
  stretches: readonly T[],
  joinGapMs: number,
  home?: CaptureSpan,
): Chain<T>[] {
  const chains = (home === undefined ? stretches.map((one) => [one]) : [[...stretches]])
    .filter((own) => own.length > 0)
    .map((own) => opened(own, home === undefined ? [] : [home]));
  const open = [...chains, ...known.filter(({ id }) => id !== home?.id).map((span) => opened<T>([], [span]))];
  open.sort((a, b) => a.startMs - b.startMs || a.endMs - b.endMs);
  const joined: OpenChain<T>[] = [];
  for (const next of open) {
    const last = joined.at(-1);
    if (last !== undefined && next.startMs - last.endMs < joinGapMs) absorb(last, next);
    else joined.push(next);
  }
  return joined
    .filter((chain) => chain.stretches.length > 0)
    .map(({ members, stretches: own, startMs, endMs }) => ({
      members: members.sort((a, b) => Number(b.id === home?.id) - Number(a.id === home?.id) || byAge(a, b)),
      stretches: own.sort((a, b) => a.startMs - b.startMs || a.endMs - b.endMs),
      span: { startMs, endMs },
    }));
}

/** The conversation that began first stays; of two, the one with the smaller id. */
function byAge(a: CaptureSpan, b: CaptureSpan): number {
  return a.startMs - b.startMs || (a.id < b.id ? -1 : 1);
}

function opened<T extends Stretch>(stretches: readonly T[], members: readonly CaptureSpan[]): OpenChain<T> {
  const all = [...stretches, ...members];
  return {
    members: [...members],
    stretches: [...stretches],
    startMs: Math.min(...all.map((one) => one.startMs)),
    endMs: Math.max(...all.map((one) => one.endMs)),
  };
}

function absorb<T extends Stretch>(into: OpenChain<T>, other: OpenChain<T>): void {
  into.members.push(...other.members);
  into.stretches.push(...other.stretches);
  into.endMs = Math.max(into.endMs, other.endMs);
}
