/**
 * The transcript as a language model reads it: one line a segment, with its time and who speaks. Long conversations come as
 * several parts that each fit a request; what exceeds the greatest number of parts is left out in the middle, and the text
 * says so.
 */
import type { Segment } from "@holdfast/contract";

export interface PartLimits {
  readonly words: number;
  readonly characters: number;
  readonly parts: number;
}

export const PART_LIMITS: PartLimits = { words: 12_000, characters: 72_000, parts: 24 };

export function renderParts(segments: readonly Segment[], limits: PartLimits = PART_LIMITS): string[] {
  const parts: string[][] = [];
  let words = 0;
  let characters = 0;
  for (const line of segments.flatMap((segment) => linesOf(segment, limits.characters))) {
    const lineWords = line.split(" ").length;
    const full = words + lineWords > limits.words || characters + line.length > limits.characters;
    if (parts.length === 0 || full) {
      parts.push([]);
      words = 0;
      characters = 0;
    }
    parts.at(-1)?.push(line);
    words += lineWords;
    characters += line.length + 1;
  }
  return withoutMiddle(
    parts.map((lines) => lines.join("\n")),
    limits.parts,
  );
}

function withoutMiddle(parts: readonly string[], most: number): string[] {
  if (parts.length <= most) return [...parts];
  const head = Math.ceil(most / 2);
  const kept = [...parts.slice(0, head), ...parts.slice(parts.length - (most - head))];
  const left = parts.length - most;
  return kept.map((part, index) =>
    index === head ? `[${left} parts of the transcript are left out here]\n${part}` : part,
  );
}

/** A segment longer than a part is cut, so that no line can exceed one. */
function linesOf(segment: Segment, characters: number): string[] {
  const text = segment.text.replace(/\s+/gu, " ").trim();
  if (text === "") return [];
  const lead = `[${clockOf(segment.start)}] ${speakerOf(segment)}: `;
  const room = Math.max(1, characters - lead.length);
  const lines: string[] = [];
  for (let at = 0; at < text.length; at += room) lines.push(lead + text.slice(at, at + room).toWellFormed());
  return lines;
}

function speakerOf(segment: Segment): string {
  return segment.is_user ? "User" : `Speaker ${segment.speaker_id}`;
}

/** Time since the conversation began, `hh:mm:ss`. */
function clockOf(seconds: number): string {
  const whole = Math.max(0, Math.floor(Number.isFinite(seconds) ? seconds : 0));
  const two = (value: number): string => String(value).padStart(2, "0");
  return `${two(Math.floor(whole / 3600))}:${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
}
