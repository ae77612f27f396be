/**
 * Joins newly recognised segments to the end of a transcript, one by one (reference listen-and-pusher 3.2). `a` is the last
 * segment so far, `b` the new one.
 *
 * 1. Different `stt_provider`, person, or source of the speaker's label: never joined.
 * 2. Different speakers (unless it is certain who they are: channels of a call, a person's own decision), continuation,
 *    `a` ends in an unfinished tail: the sentence is repaired across the border (a short first sentence of `b` moves to `a`, or a short unfinished `b` is absorbed, or the tail moves to the front of `b`).
 * 3. Same speaker, continuation, `a` short (< 125 characters) or unfinished: `b` is appended.
 * 4. Same speaker, `a` unfinished and `b` begins in lower case: appended whatever the gap.
 * 5. Texts are normalised.
 *
 * Continuation: `b` starts and ends no earlier than `a`, and begins less than 3 s after `a` ends.
 */
import { SEGMENTS, type Segment } from "@holdfast/contract";
import { endsSentence, isFinished, normaliseText, sentences, startsLowerCase, unfinishedTail } from "./text.ts";

/** `speakersCertain`: no sentence is repaired across speakers. */
export function mergeSegments(
  existing: readonly Segment[],
  incoming: readonly Segment[],
  speakersCertain = false,
): Segment[] {
  const list = [...existing];
  for (const raw of [...incoming].sort((x, y) => x.start - y.start)) {
    const b = { ...raw, text: normaliseText(raw.text) };
    if (b.text === "") continue;
    const a = list.pop();
    list.push(...(a === undefined ? [b] : joinPair(a, b, speakersCertain)));
  }
  return list;
}

/** What `a` and `b` become: one segment, two, or both as they were. */
function joinPair(a: Segment, b: Segment, speakersCertain: boolean): Segment[] {
  if (a.stt_provider !== b.stt_provider || !sameLabel(a, b)) return [a, b];
  const sameSpeaker = a.speaker === b.speaker || (a.is_user && b.is_user);
  if (sameSpeaker) return joinSameSpeaker(a, b);
  const decided = a.speaker_label_source === "manual" || b.speaker_label_source === "manual";
  return speakersCertain || decided ? [a, b] : repairSentence(a, b);
}

/** Words of two people stay apart, and so do those whose speaker a person named and those where nobody did. */
function sameLabel(a: Segment, b: Segment): boolean {
  return a.person_id === b.person_id && (a.speaker_label_source ?? null) === (b.speaker_label_source ?? null);
}

function inOrder(a: Segment, b: Segment): boolean {
  return b.start >= a.start && b.end >= a.end;
}

function isContinuation(a: Segment, b: Segment): boolean {
  return inOrder(a, b) && b.start - a.end < SEGMENTS.mergeGapSeconds;
}

function append(a: Segment, b: Segment): Segment {
  return { ...a, text: normaliseText(`${a.text} ${b.text}`), end: b.end };
}

function joinSameSpeaker(a: Segment, b: Segment): Segment[] {
  const open = a.text.length < SEGMENTS.longTextCharacters || !endsSentence(a.text);
  const near = isContinuation(a, b) && a.speech_profile_processed === b.speech_profile_processed && open;
  const runsOn = inOrder(a, b) && !isFinished(a.text) && startsLowerCase(b.text);
  return near || runsOn ? [append(a, b)] : [a, b];
}

function repairSentence(a: Segment, b: Segment): Segment[] {
  const tail = unfinishedTail(a.text);
  if (tail === "" || !isContinuation(a, b)) return [a, b];
  const [first = "", ...rest] = sentences(b.text);
  if (rest.length > 0 && first.length < tail.length) {
    return [
      { ...a, text: normaliseText(`${a.text} ${first}`) },
      { ...b, text: normaliseText(rest.join(" ")) },
    ];
  }
  if (rest.length === 0 && !isFinished(b.text) && b.text.length < tail.length) return [append(a, b)];
  if (tail.length >= b.text.length) return [a, b];
  const kept = normaliseText(a.text.slice(0, a.text.lastIndexOf(tail)));
  const moved = { ...b, text: normaliseText(`${tail} ${b.text}`) };
  return kept === "" ? [moved] : [{ ...a, text: kept, end: Math.min(a.end, b.start) }, moved];
}
