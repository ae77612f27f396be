/**
 * What every format of an exported conversation is made of: who said what, and when. Names are those that the user gave;
 * everybody else is a number, counted from 1 as people count. Text is one line, without what no reader can show.
 */
import type { Conversation, Segment } from "@holdfast/contract";

export interface Spoken {
  readonly speaker: string;
  readonly text: string;
  /** From the beginning of the conversation; never negative, and `endMs` is after `startMs`. */
  readonly startMs: number;
  readonly endMs: number;
}

/** Names of the user's people by id. */
export type PeopleNames = ReadonlyMap<string, string>;

/** In the order it was said; segments without a word are left out. */
export function spokenOf(
  { transcript_segments }: Pick<Conversation, "transcript_segments">,
  names: PeopleNames,
): Spoken[] {
  const spoken = transcript_segments.map((segment) => {
    const startMs = Math.max(0, Math.round(segment.start * 1_000));
    const endMs = Math.max(startMs + 1, Math.round(segment.end * 1_000));
    return { speaker: speakerOf(segment, names), text: oneLine(segment.text), startMs, endMs };
  });
  return spoken.filter(({ text }) => text !== "").sort((a, b) => a.startMs - b.startMs || a.endMs - b.endMs);
}

function speakerOf(segment: Segment, names: PeopleNames): string {
  if (segment.is_user) return "You";
  const name = segment.person_id === null ? "" : oneLine(names.get(segment.person_id) ?? "");
  return name === "" ? `Speaker ${segment.speaker_id + 1}` : name;
}

/** The title, or what stands for one. */
export function titleOf({ structured }: Pick<Conversation, "structured">): string {
  const title = oneLine(structured.title);
  return title === "" ? "Untitled conversation" : title;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is taken out.
const UNSHOWABLE = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/gu;

/** Control characters and runs of white space become one space; halves of surrogate pairs become U+FFFD. */
export function oneLine(text: string): string {
  return text.toWellFormed().replace(UNSHOWABLE, " ").replace(/\s+/gu, " ").trim();
}

/** `h:mm:ss`, without hours where `hours` is false. */
export function clockTime(ms: number, hours: boolean): string {
  const seconds = Math.floor(ms / 1_000);
  const two = (value: number): string => String(value).padStart(2, "0");
  const tail = `${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  return hours ? `${Math.floor(seconds / 3_600)}:${tail}` : tail;
}

/** Whether times of this conversation need hours. */
export function needsHours(spoken: readonly Spoken[]): boolean {
  return spoken.some(({ startMs }) => startMs >= 3_600_000);
}

/** `2026-11-01 12:00 UTC`. */
export function dayAndTime(iso: string): string {
  return `${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC`;
}
