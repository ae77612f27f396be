/**
 * Whether the question "is it worth keeping?" is asked at all (reference listen-and-pusher 6.3). Somebody who pressed stop keeps
 * what was said; more than 100 words are kept without asking; what has been shown as kept stays kept.
 */
import { DISCARD, type Segment } from "@holdfast/contract";
import { countWords } from "../summary/transcript.ts";

export function mayDiscard(segments: readonly Segment[], force: boolean): boolean {
  return !force && countWords(segments, DISCARD.keepAboveWords) <= DISCARD.keepAboveWords;
}
