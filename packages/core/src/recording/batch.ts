/**
 * Which recordings go into one upload (reference client-sync 4.2): the newest that may go, and others of the same conversation
 * and capture session, so that fresh sound overtakes an old backlog and one job makes one conversation. Members are sent in the
 * order in which they were captured. An ordinary sound file goes alone. What went up before and was never judged goes as the
 * very same batch, which the server may know.
 */

export interface BatchCandidate {
  readonly id: string;
  readonly kind: "frames" | "sound";
  readonly startedAtMs: number;
  readonly bytes: number;
  readonly sessionId: string | null;
  readonly conversationId: string | null;
  readonly device: string;
  /** Content that failed before goes alone, so that it takes nothing else with it. */
  readonly attempts: number;
  /** See `RecordingState`. */
  readonly batchId: string | null;
}

/** Five minutes of sound are one job, which ends well within an old server's guard of 600 s. */
export const MAX_BATCH = 5;
/** What an interruption may cost. A recording that is larger goes alone, and may be resumed within. */
export const CHUNK_BYTES = 1_048_576;

/**
 * Empty where there is nothing to send. Each recording at least once gets its turn, however large it is. `known`: everything
 * that an earlier batch may have to be completed with, also what would not go by itself.
 */
export function nextBatch<T extends BatchCandidate>(candidates: Iterable<T>, known?: Iterable<T>): T[] {
  let newest: T | undefined;
  const all = [...candidates];
  for (const candidate of all) if (newest === undefined || isLater(candidate, newest)) newest = candidate;
  if (newest === undefined) return [];
  const head = newest;
  if (head.batchId !== null) {
    return [...(known ?? all)]
      .filter(({ batchId }) => batchId === head.batchId)
      .sort((a, b) => (isLater(a, b) ? 1 : -1));
  }
  if (head.kind === "sound" || head.attempts > 0) return [head];
  const kin = all
    .filter((other) => other !== head && belongTogether(head, other))
    .sort((a, b) => (isLater(a, b) ? -1 : 1));
  const batch = [head];
  let { bytes } = head;
  for (const other of kin) {
    if (batch.length === MAX_BATCH || bytes + other.bytes > CHUNK_BYTES) break;
    batch.push(other);
    bytes += other.bytes;
  }
  return batch.reverse();
}

function belongTogether(a: BatchCandidate, b: BatchCandidate): boolean {
  return (
    b.kind === "frames" &&
    b.batchId === null &&
    !(b.attempts > 0) &&
    a.sessionId === b.sessionId &&
    a.conversationId === b.conversationId &&
    a.device === b.device
  );
}

function isLater(a: BatchCandidate, b: BatchCandidate): boolean {
  return a.startedAtMs === b.startedAtMs ? a.id > b.id : a.startedAtMs > b.startedAtMs;
}
