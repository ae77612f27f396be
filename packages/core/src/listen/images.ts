/**
 * Puts pictures together that arrive in pieces over the live socket (`image_chunk`, reference listen-and-pusher 2.7).
 *
 * The first piece of a picture fixes how many there are; a piece that is there already is ignored; a picture that is not
 * whole after a minute is forgotten, which is looked at every two seconds at most. At most 50 pictures and 16 MiB of base64
 * are in assembly; beyond that the oldest picture gives way. A piece that contradicts its picture, is not base64 or makes
 * the picture larger than 8 MiB is invalid, and the contract ends a session over it. Pure: the caller brings the time.
 */

export const IMAGE_LIMITS = {
  inAssembly: 50,
  lifeMs: 60_000,
  expiryCheckMs: 2_000,
  /** Characters of base64 of one picture, and of all in assembly. */
  imageCharacters: 8_388_608,
  totalCharacters: 16_777_216,
} as const;

export interface ImagePiece {
  readonly id: string;
  readonly index: number;
  readonly total: number;
  /** A part of the picture's base64. */
  readonly data: string;
}

interface Assembly {
  readonly id: string;
  readonly total: number;
  readonly startedMs: number;
  readonly pieces: ReadonlyMap<number, string>;
  readonly characters: number;
}

export interface ImageDesk {
  /** Oldest first. */
  readonly assemblies: readonly Assembly[];
  readonly checkedMs: number;
}

export type ImageStep =
  | { readonly outcome: "waiting" | "repeated"; readonly next: ImageDesk; readonly dropped: number }
  /** `parts` in order; joined they are the picture's base64. */
  | {
      readonly outcome: "complete";
      readonly next: ImageDesk;
      readonly dropped: number;
      readonly id: string;
      readonly parts: readonly string[];
    }
  | { readonly outcome: "invalid"; readonly reason: string };

export const emptyImageDesk: ImageDesk = { assemblies: [], checkedMs: Number.NEGATIVE_INFINITY };

const BASE64 = /^[A-Za-z0-9+/_-]+={0,2}$/u;

/** Clients may send a data URL; what comes before the comma is not the picture. */
const DATA_URL = /^data:[\w.+-]+\/[\w.+-]+;base64,/u;

export function addImagePiece(desk: ImageDesk, piece: ImagePiece, nowMs: number): ImageStep {
  const data = piece.index === 0 ? piece.data.replace(DATA_URL, "") : piece.data;
  if (!BASE64.test(data)) return { outcome: "invalid", reason: "not base64" };
  const swept = expireImages(desk, nowMs);
  const known = swept.next.assemblies.find((assembly) => assembly.id === piece.id);
  const total = known?.total ?? piece.total;
  if (piece.index >= total) return { outcome: "invalid", reason: "index beyond the total of the first chunk" };
  if (known?.pieces.has(piece.index) === true) return { outcome: "repeated", ...swept };
  const characters = (known?.characters ?? 0) + data.length;
  if (characters > IMAGE_LIMITS.imageCharacters) return { outcome: "invalid", reason: "image too large" };
  const pieces = new Map(known?.pieces).set(piece.index, data);
  const others = swept.next.assemblies.filter((assembly) => assembly.id !== piece.id);
  if (pieces.size === total) {
    const parts = Array.from({ length: total }, (_, index) => pieces.get(index) ?? "");
    const next = { ...swept.next, assemblies: others };
    return { outcome: "complete", next, dropped: swept.dropped, id: piece.id, parts };
  }
  const grown: Assembly = { id: piece.id, total, startedMs: known?.startedMs ?? nowMs, pieces, characters };
  const kept = withinLimits(
    known === undefined ? [...others, grown] : swept.next.assemblies.map((a) => (a.id === grown.id ? grown : a)),
    grown,
  );
  const dropped = swept.dropped + others.length + 1 - kept.length;
  return { outcome: "waiting", next: { ...swept.next, assemblies: kept }, dropped };
}

/** Forgets pictures that took too long, if it is time to look again. */
export function expireImages(desk: ImageDesk, nowMs: number): { readonly next: ImageDesk; readonly dropped: number } {
  if (nowMs - desk.checkedMs < IMAGE_LIMITS.expiryCheckMs) return { next: desk, dropped: 0 };
  const assemblies = desk.assemblies.filter((assembly) => nowMs - assembly.startedMs < IMAGE_LIMITS.lifeMs);
  return { next: { assemblies, checkedMs: nowMs }, dropped: desk.assemblies.length - assemblies.length };
}

/** Drops the oldest until the rest fits; the one that just grew goes last. */
function withinLimits(assemblies: readonly Assembly[], grown: Assembly): Assembly[] {
  const kept = [...assemblies];
  const characters = (): number => kept.reduce((sum, assembly) => sum + assembly.characters, 0);
  while (kept.length > IMAGE_LIMITS.inAssembly || characters() > IMAGE_LIMITS.totalCharacters) {
    const oldest = kept.findIndex((assembly) => assembly !== grown);
    kept.splice(Math.max(0, oldest), 1);
  }
  return kept;
}
