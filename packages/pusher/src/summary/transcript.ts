/** Facts about a transcript that more than one decision needs: how many words it has, whether it has any. */
import type { Segment } from "@holdfast/contract";
import { tokensOf } from "./basic/words.ts";

/** Words of all segments; stops counting above `enough`, since nobody asks how far above. */
export function countWords(segments: readonly Segment[], enough: number): number {
  let count = 0;
  for (const segment of segments) {
    // The front of a segment is enough to pass any threshold in use, and bounds the work.
    count += tokensOf(segment.text.slice(0, 20_000)).length;
    if (count > enough) return count;
  }
  return count;
}
