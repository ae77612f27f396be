/**
 * A conversation as captions: SubRip (`.srt`) and WebVTT (`.vtt`). A cue holds at most two lines of 42 characters; longer words
 * of one speaker become several cues, whose times share those of the segment by their length. Cues come in the order of their
 * beginning, and each ends after it begins. A word longer than a line (or a language without spaces) is cut.
 */
import type { Conversation } from "@holdfast/contract";
import { type PeopleNames, type Spoken, spokenOf } from "./spoken.ts";

const LINE = 42;
const LINES = 2;

export interface Cue {
  readonly speaker: string;
  readonly lines: readonly string[];
  readonly startMs: number;
  readonly endMs: number;
}

export function cuesOf(spoken: readonly Spoken[]): Cue[] {
  return spoken.flatMap(splitSpoken).sort((a, b) => a.startMs - b.startMs || a.endMs - b.endMs);
}

function splitSpoken({ speaker, text, startMs, endMs }: Spoken): Cue[] {
  const lines = linesOf(text);
  const blocks = Array.from({ length: Math.ceil(lines.length / LINES) }, (_, i) =>
    lines.slice(i * LINES, (i + 1) * LINES),
  );
  // A stretch too short for all of its cues to be a millisecond long is one cue.
  if (endMs - startMs < blocks.length) return [{ speaker, lines, startMs, endMs }];
  const lengths = blocks.map((block) => block.join(" ").length);
  const total = lengths.reduce((sum, length) => sum + length, 0);
  const spare = endMs - startMs - blocks.length;
  let [at, passed] = [startMs, 0];
  return blocks.map((block, i) => {
    passed += lengths[i] ?? 0;
    const cue = { speaker, lines: block, startMs: at, endMs: startMs + i + 1 + Math.floor((spare * passed) / total) };
    at = cue.endMs;
    return cue;
  });
}

function linesOf(text: string): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ").flatMap(shortPieces)) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= LINE) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

function shortPieces(word: string): string[] {
  if (word.length <= LINE) return [word];
  const pieces: string[] = [];
  let piece = "";
  for (const character of word) {
    if (piece.length + character.length > LINE) {
      pieces.push(piece);
      piece = "";
    }
    piece += character;
  }
  return [...pieces, piece];
}

/** Numbered from 1; the speaker is named where it changes. `-->` in words would end the times, so it is written `->`. */
export function srtOf(conversation: Pick<Conversation, "transcript_segments">, names: PeopleNames): string {
  const cues = cuesOf(spokenOf(conversation, names));
  const blocks = cues.map(({ speaker, lines, startMs, endMs }, i) => {
    const named = cues[i - 1]?.speaker === speaker ? lines : [`${speaker}:`, ...lines];
    const text = named.map((line) => line.replaceAll("-->", "->"));
    return `${i + 1}\n${timestamp(startMs, ",")} --> ${timestamp(endMs, ",")}\n${text.join("\n")}\n`;
  });
  return blocks.join("\n");
}

/** Every cue has a voice tag; what HTML would read as markup is escaped. */
export function vttOf(conversation: Pick<Conversation, "transcript_segments">, names: PeopleNames): string {
  const blocks = cuesOf(spokenOf(conversation, names)).map(({ speaker, lines, startMs, endMs }) => {
    const text = `<v ${escapeVtt(speaker)}>${lines.map(escapeVtt).join("\n")}`;
    return `${timestamp(startMs, ".")} --> ${timestamp(endMs, ".")}\n${text}\n`;
  });
  return ["WEBVTT\n", ...blocks].join("\n");
}

function escapeVtt(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

/** `hh:mm:ss,mmm`; hours grow beyond two digits. */
function timestamp(ms: number, point: "," | "."): string {
  const digits = (value: number, count: number): string => String(value).padStart(count, "0");
  const [seconds, minutes, hours] = [Math.floor(ms / 1_000), Math.floor(ms / 60_000), Math.floor(ms / 3_600_000)];
  return `${digits(hours, 2)}:${digits(minutes % 60, 2)}:${digits(seconds % 60, 2)}${point}${digits(ms % 1_000, 3)}`;
}
