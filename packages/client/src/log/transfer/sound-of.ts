/** How much sound an imported content is, as far as one can tell without decoding it. */
import { readFrames } from "@holdfast/contract";
import { msOf, type SoundFormat, samplesOf } from "../format.ts";

export interface SoundSize {
  /** 0 for ordinary sound files. */
  readonly frames: number;
  readonly durationMs: number;
  /** Bytes behind the last whole frame. */
  readonly droppedBytes: number;
}

export function soundOf(facts: SoundFormat & { readonly kind: "frames" | "sound" }, content: Uint8Array): SoundSize {
  if (facts.kind === "sound") return { frames: 0, durationMs: 0, droppedBytes: 0 };
  const { frames, droppedBytes } = readFrames(content);
  const samples = frames.reduce((sum, frame) => sum + samplesOf(facts, frame), 0);
  return { frames: frames.length, durationMs: msOf(facts, samples), droppedBytes };
}
