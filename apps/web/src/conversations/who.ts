/** Who said a segment, and what a person says about it: what the labels of a transcript and their dialog go by. */
import type { Person, Whose } from "@holdfast/client";
import type { Segment } from "@holdfast/contract";
import { message, type Text } from "../i18n/message.ts";

/** Somebody who is known, or a name that may be new. */
export type Who = Whose | { readonly name: string };

export interface Naming {
  readonly segment: Segment;
  readonly who: Who;
  /** Everything by this speaker, not this segment alone. */
  readonly isAll: boolean;
}

/** Values of the choice that are no ids of people, which are UUIDs. */
export const ME = "me";
export const NEW = "new";
export const UNKNOWN = "unknown";

type Spoken = Pick<Segment, "speaker_id" | "is_user" | "person_id">;

export function speakerName({ speaker_id, is_user, person_id }: Spoken, people: readonly Person[]): Text {
  if (is_user) return message("conversation.you");
  const person = people.find(({ id }) => id === person_id);
  return person?.name ?? message("conversation.speaker", { number: speaker_id + 1 });
}

/** Somebody else begins to speak, as far as is known. */
export function isNewSpeaker(segment: Spoken, before: Spoken | undefined): boolean {
  return (
    segment.speaker_id !== before?.speaker_id ||
    segment.is_user !== before.is_user ||
    segment.person_id !== before.person_id
  );
}

/** The choice to begin with: what is said now, or the likeliest where nothing is. */
export function firstChoice({ is_user, person_id }: Spoken, people: readonly Person[]): string {
  if (is_user) return ME;
  if (person_id !== null && people.some(({ id }) => id === person_id)) return person_id;
  return people[0]?.id ?? NEW;
}

/** Undefined where a name is missing. */
export function chosen(choice: string, name: string): Who | undefined {
  if (choice === ME) return "mine";
  if (choice === UNKNOWN) return "unknown";
  if (choice !== NEW) return { personId: choice };
  return name.trim() === "" ? undefined : { name: name.trim() };
}
