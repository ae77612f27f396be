/**
 * A transcript as sentences. Consecutive segments of one speaker are one text, because recognisers cut anywhere; a change of
 * speaker always ends a sentence. Recognisers that write no punctuation get pieces of bounded length instead. Scripts whose
 * sentences end without a space are cut at their enders. The text looked at is bounded: of a longer one, the beginning and
 * the end are read.
 */
import type { Segment } from "@holdfast/contract";

export interface Sentence {
  readonly text: string;
  /** Place in the transcript, from 0. */
  readonly index: number;
}

const HEAD_CHARACTERS = 200_000;
const TAIL_CHARACTERS = 60_000;
const MAX_SENTENCE_CHARACTERS = 600;
const MAX_SENTENCE_WORDS = 45;

/** An ender, followed by space or the end; or an ender of a script without spaces, anywhere. */
const BOUNDARY = /(?<=[.!?…؟۔।॥]["'”’)]?)\s+|(?<=[。！？])|\n+/u;
const ABBREVIATION = /(?:^|[\s(])(?:mr|mrs|ms|dr|st|prof|vs|etc|e\.g|i\.e|no|a\.m|p\.m|[a-z])\.$/iu;
const STARTS_UPPER = /^["'“‘(]?\p{Lu}/u;

export function sentencesOf(segments: readonly Segment[]): Sentence[] {
  const texts = bounded(turnsOf(segments)).flatMap(splitText).flatMap(splitLong);
  return texts.map((text, index) => ({ text, index }));
}

/** The words of one speaker in a row, as one text. */
function turnsOf(segments: readonly Segment[]): string[] {
  const turns: { speaker: string | null; parts: string[] }[] = [];
  for (const segment of segments) {
    const text = segment.text.normalize("NFC").replace(/\s+/gu, " ").trim();
    if (text === "") continue;
    const speaker = segment.is_user ? "user" : segment.speaker;
    const last = turns.at(-1);
    if (last !== undefined && last.speaker === speaker) last.parts.push(text);
    else turns.push({ speaker, parts: [text] });
  }
  return turns.map((turn) => turn.parts.join(" "));
}

function bounded(turns: readonly string[]): string[] {
  const total = turns.reduce((sum, turn) => sum + turn.length, 0);
  if (total <= HEAD_CHARACTERS + TAIL_CHARACTERS) return [...turns];
  const whole = turns.join("\n");
  return [whole.slice(0, HEAD_CHARACTERS), whole.slice(-TAIL_CHARACTERS)];
}

export function splitText(text: string): string[] {
  const sentences: string[] = [];
  for (const part of text.split(BOUNDARY)) {
    const piece = part.trim();
    const before = sentences.at(-1);
    if (before !== undefined && ABBREVIATION.test(before) && continues(before, piece)) {
      sentences[sentences.length - 1] = `${before} ${piece}`;
    } else if (/[\p{L}\p{N}]/u.test(piece)) {
      sentences.push(piece);
    }
  }
  return sentences;
}

/** After "Dr." a name follows in upper case; after "5 p.m." upper case begins a new sentence. */
function continues(before: string, piece: string): boolean {
  return !STARTS_UPPER.test(piece) || !/[ap]\.m\.$/iu.test(before);
}

function splitLong(sentence: string): string[] {
  const words = sentence.split(" ");
  const pieces: string[] = [];
  for (let at = 0; at < words.length; at += MAX_SENTENCE_WORDS) {
    pieces.push(words.slice(at, at + MAX_SENTENCE_WORDS).join(" "));
  }
  return pieces.flatMap(splitWide);
}

/** Text without spaces has no words to count; it is cut by characters, never through one. */
function splitWide(piece: string): string[] {
  if (piece.length <= MAX_SENTENCE_CHARACTERS) return [piece];
  const characters = [...piece];
  const cuts: string[] = [];
  for (let at = 0; at < characters.length; at += MAX_SENTENCE_CHARACTERS) {
    cuts.push(characters.slice(at, at + MAX_SENTENCE_CHARACTERS).join(""));
  }
  return cuts;
}
