/**
 * Who the speakers of a live session are, as far as a person told us (`speaker_assigned`). An assignment holds for the named
 * segments and for everything this speaker says later in the session; the next assignment of the same speaker replaces it,
 * an empty one takes it back. A label that a recogniser brought with a segment yields to a person's.
 */
import type { Segment } from "@holdfast/contract";

/** The person id that stands for the account owner. */
export const OWNER = "user";

export interface SpeakerLabel {
  readonly personId: string | null;
  readonly isUser: boolean;
}

export type SpeakerLabels = ReadonlyMap<number, SpeakerLabel>;

export const noLabels: SpeakerLabels = new Map();

/** `personId` null takes the label back. */
export function labelFor(personId: string | null): SpeakerLabel {
  return personId === OWNER ? { personId: null, isUser: true } : { personId, isUser: false };
}

export function assignSpeaker(labels: SpeakerLabels, speaker: number, personId: string | null): SpeakerLabels {
  const next = new Map(labels);
  if (personId === null) next.delete(speaker);
  else next.set(speaker, labelFor(personId));
  return next;
}

/** The segment with what a person said about its speaker. */
export function labelled(segment: Segment, label: SpeakerLabel | undefined): Segment {
  if (label === undefined) return segment;
  return { ...segment, person_id: label.personId, is_user: label.isUser, speaker_label_source: "manual" };
}

/** True where a sample of this voice may be learned: a person other than the account owner. */
export function isSampleOf(personId: string | null): personId is string {
  return personId !== null && personId !== OWNER;
}
