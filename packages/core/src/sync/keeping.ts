/**
 * Which sound of an upload is kept with which conversation. A piece in which words were found belongs to the conversation they
 * went into. A piece without any is no conversation's by itself; it is kept where the pieces before and after it in the
 * recording belong to one conversation and no more is silent between them than one conversation may be: then it is a pause of
 * theirs. Sound that no word frames (an hour of an empty room) is kept with nothing.
 */

export interface KeepablePiece {
  /** Names the file it is in. */
  readonly file: string;
  /** Its place in the decoded file, in samples at 16 kHz. */
  readonly fromSample: number;
  readonly samples: number;
  /** Wall time of its first sample, Unix milliseconds. */
  readonly startedAtMs: number;
  /** Where its words went; null where it has none. */
  readonly conversationId: string | null;
}

export interface KeptPiece<T extends KeepablePiece> {
  readonly piece: T;
  readonly conversationId: string;
}

const SAMPLES_PER_MS = 16;

/** What is kept, in capture order. `longestPauseMs`: more silence than that separates conversations. */
export function keptPieces<T extends KeepablePiece>(pieces: readonly T[], longestPauseMs: number): KeptPiece<T>[] {
  const kept: KeptPiece<T>[] = [];
  let pause: T[] = [];
  let before: string | undefined;
  for (const piece of piecesInCaptureOrder(pieces)) {
    const { conversationId } = piece;
    if (conversationId === null) {
      pause.push(piece);
      continue;
    }
    if (conversationId === before && lengthMs(pause) <= longestPauseMs) {
      kept.push(...pause.map((silent) => ({ piece: silent, conversationId })));
    }
    kept.push({ piece, conversationId });
    before = conversationId;
    pause = [];
  }
  return kept;
}

/** File after file, each from its beginning: files of unknown time begin at the same moment and are not mixed. */
export function piecesInCaptureOrder<T extends Omit<KeepablePiece, "conversationId">>(pieces: readonly T[]): T[] {
  const began = new Map<string, number>();
  for (const { file, startedAtMs, fromSample } of pieces) {
    began.set(file, Math.min(began.get(file) ?? Number.POSITIVE_INFINITY, startedAtMs - fromSample / SAMPLES_PER_MS));
  }
  const startOf = ({ file }: T): number => began.get(file) ?? 0;
  const byName = (a: T, b: T): number => (a.file < b.file ? -1 : Number(a.file > b.file));
  return [...pieces].sort((a, b) => startOf(a) - startOf(b) || byName(a, b) || a.fromSample - b.fromSample);
}

function lengthMs(pieces: readonly KeepablePiece[]): number {
  return pieces.reduce((sum, { samples }) => sum + samples / SAMPLES_PER_MS, 0);
}
