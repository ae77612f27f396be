/**
 * Which stretches of kept sound become samples of a person's voice, once somebody said whose words some segments are (reference
 * listen-and-pusher 2.7, 5.7). Nothing listens whether that is true: what a person said about the words is what the sample says.
 *
 * - Only segments that still carry the person's name, and of which there is no sample yet.
 * - The longest first, until the person has as many samples as anybody may have.
 * - A segment of less than two seconds tells nothing about a voice. Of a long one its middle is taken, ten seconds of it: kept
 *   sound may be off by two seconds (`exporter.ts` of the pusher), which there cuts nobody else's words.
 * - A sample lies in one part of the sound; what a part does not hold is left out.
 */
import { SPEECH_SAMPLES } from "@holdfast/contract";
import { AUDIO_FILE_RATE, type PlayablePart } from "../playback/spans.ts";

/** A segment as the store has it; seconds from the start of its conversation. */
export interface SampledSegment {
  readonly id: string;
  readonly person_id: string | null;
  readonly start: number;
  readonly end: number;
}

export interface SampleCut {
  readonly segmentId: string;
  /** The part it lies in. */
  readonly partId: string;
  /** Within the part, at 16 kHz. */
  readonly fromSample: number;
  readonly samples: number;
}

export interface SampleQuestion {
  readonly personId: string;
  readonly segments: readonly SampledSegment[];
  /** Of which there are samples of this person already. */
  readonly sampled: ReadonlySet<string>;
  /** Samples that this person has, of this and other conversations. */
  readonly had: number;
  readonly parts: readonly PlayablePart[];
  readonly conversationStartMs: number;
}

export function chooseSamples(question: SampleQuestion): SampleCut[] {
  const { personId, segments, sampled, had, parts, conversationStartMs } = question;
  const cuts = segments
    .filter((segment) => segment.person_id === personId && !sampled.has(segment.id))
    .sort((a, b) => b.end - b.start - (a.end - a.start) || a.start - b.start)
    .flatMap((segment) => cutOf(segment, parts, conversationStartMs) ?? []);
  return cuts.slice(0, Math.max(0, SPEECH_SAMPLES.perPerson - had));
}

function cutOf(
  segment: SampledSegment,
  parts: readonly PlayablePart[],
  conversationStartMs: number,
): SampleCut | undefined {
  const lengthMs = (segment.end - segment.start) * 1_000;
  const takenMs = Math.min(lengthMs, SPEECH_SAMPLES.maxMs);
  const fromMs = conversationStartMs + segment.start * 1_000 + (lengthMs - takenMs) / 2;
  for (const part of parts) {
    const from = Math.max(0, sampleAt(fromMs, part));
    const samples = Math.min(sampleAt(fromMs + takenMs, part), part.samples) - from;
    if (samples * 1_000 < SPEECH_SAMPLES.minMs * AUDIO_FILE_RATE) continue;
    return { segmentId: segment.id, partId: part.id, fromSample: from, samples };
  }
  return undefined;
}

function sampleAt(wallMs: number, part: PlayablePart): number {
  return Math.round(((wallMs - part.startedAtMs) * AUDIO_FILE_RATE) / 1_000);
}
