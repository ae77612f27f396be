/** A recording as the index first hears of it: what its file says of itself, and how much of it is there. */
import { NEW_RECORDING } from "@holdfast/core";
import type { StoredRecording } from "../index-state.ts";
import type { SegmentFacts } from "../segment-format.ts";

interface Written {
  readonly facts: SegmentFacts;
  readonly file: string;
  readonly frames: number;
  readonly bytes: number;
  readonly writtenMs: number;
}

export function recordingOf({ facts, file, frames, bytes, writtenMs }: Written): StoredRecording {
  const { layout, contentBytes, ...kept } = facts;
  return { ...NEW_RECORDING, ...kept, file, frames, bytes, durationMs: writtenMs, delivered: 0 };
}
