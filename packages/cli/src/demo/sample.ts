/**
 * What the demo says and hears: one public-domain sentence, as a live stream and as the `.bin` that a device would have kept
 * while it was offline. Also the judge: how far a transcript is from what was said.
 */
import { fileURLToPath } from "node:url";
import type { NamedFile } from "@holdfast/client";
import { type Conversation, recordingName, writeFrames } from "@holdfast/contract";
import type { SoundMessages } from "../stream/sound-messages.ts";

export const SAMPLE_PATH = fileURLToPath(new URL("../../../../fixtures/jfk.wav", import.meta.url));

export const SAMPLE_WORDS =
  "And so, my fellow Americans, ask not what your country can do for you, ask what you can do for your country.";

/** The sample was not well heard above this share of wrong, missing or surplus words: about four of twenty-two. */
export const MAX_WORD_ERROR_RATE = 0.2;

export function offlineRecording(sound: SoundMessages, startedAtMs: number): NamedFile {
  const name = recordingName({
    device: "holdfastdemo",
    codec: "opus_fs320",
    sampleRate: sound.sampleRate,
    frameSamples: (sound.sampleRate * sound.messageMs) / 1000,
    startedAtMs,
  });
  return { name, content: new Blob([new Uint8Array(writeFrames(sound.messages))]) };
}

/** Speech closer than two minutes to another conversation would join it; this keeps well away. */
const APART_MS = 5 * 60_000;
const EARLIEST_AGE_MS = 10 * 60_000;

/** The latest time, at least ten minutes ago, at which a recording of this length is a conversation of its own. */
export function quietMoment(conversations: readonly Conversation[], nowMs: number, durationMs: number): number {
  const spans = conversations
    .map((one) => {
      const from = Date.parse(one.started_at ?? one.created_at);
      return { from: from - APART_MS, to: Math.max(from, Date.parse(one.finished_at ?? one.created_at)) + APART_MS };
    })
    .sort((a, b) => b.to - a.to);
  let start = nowMs - EARLIEST_AGE_MS - durationMs;
  let moved = true;
  while (moved) {
    const inTheWay = spans.find((span) => start < span.to && start + durationMs > span.from);
    moved = inTheWay !== undefined;
    if (inTheWay !== undefined) start = inTheWay.from - durationMs;
  }
  // Names carry whole seconds.
  return Math.floor(start / 1000) * 1000;
}

/** Wrong, missing and surplus words for each word that was said; surplus ones count, so a repeat does not pass. */
export function wordErrorRate(said: string, heard: string): number {
  const a = wordsOf(said);
  const b = wordsOf(heard);
  let row = b.map((_, i) => i + 1);
  row.unshift(0);
  for (const [i, word] of a.entries()) {
    const next = [i + 1];
    for (const [j, other] of b.entries()) {
      const substituted = (row[j] ?? 0) + (word === other ? 0 : 1);
      next.push(Math.min(substituted, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return (row.at(-1) ?? 0) / Math.max(1, a.length);
}

function wordsOf(text: string): string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}']+/gu) ?? [];
}
