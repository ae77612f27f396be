/**
 * Words that a client recognised itself (`suggested_transcript`, reference listen-and-pusher 2.7, 3.1) as stretches of the
 * recording. Their times are seconds after the first sound of the socket; a client that sends words and no sound has no such
 * moment, so its stream begins when the session does (8.4 I). The origin is fixed with the first words and never moves.
 */
import { type RawSegment, speakerNumber } from "@holdfast/contract";
import { OWNER } from "../speakers/labels.ts";

/** What the recogniser would have made of it. Wall times in Unix milliseconds. */
export interface SuggestedStretch {
  readonly text: string;
  readonly isFinal: true;
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  readonly messages: undefined;
  readonly speaker: number;
  readonly isUser: boolean;
  readonly personId: string | null;
  readonly provider: string;
}

/** V4's name for a recogniser that did not say who it is. */
export const CUSTOM_PROVIDER = "custom";

/** In order of time; items without a word are left out. */
export function suggestedStretches(
  segments: readonly RawSegment[],
  sttProvider: string | null,
  originMs: number,
): SuggestedStretch[] {
  return [...segments]
    .sort((a, b) => a.start - b.start || a.end - b.end)
    .map((segment) => ({
      text: segment.text.trim(),
      isFinal: true as const,
      startedAtMs: originMs + Math.round(segment.start * 1000),
      endedAtMs: originMs + Math.round(segment.end * 1000),
      messages: undefined,
      speaker: segment.speaker_id ?? speakerNumber(segment.speaker ?? null),
      isUser: segment.is_user || segment.person_id === OWNER,
      personId: segment.person_id === OWNER ? null : segment.person_id,
      provider: sttProvider ?? CUSTOM_PROVIDER,
    }))
    .filter((stretch) => stretch.text !== "");
}

/** Wall time of second 0 of the client's stream. */
export function suggestedOrigin(firstSoundMs: number | undefined, sessionStartMs: number): number {
  return firstSoundMs ?? sessionStartMs;
}
