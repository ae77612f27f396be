/**
 * Who is looked at when a cap is crossed: a port, and the default behind it, which reads no words (the other one is a language
 * model, `by-words.ts`). It looks at when there was speech, by the minute, for what people do not do: they pause, they sleep,
 * and they speak once at a time. How far the caps are exceeded counts as well, but alone it is misuse only where it is more
 * than five times the day's.
 *
 * | sign        | grows from 0 to 1 between                                                       |
 * |-------------|---------------------------------------------------------------------------------|
 * | unbroken    | 1 and 4 hours in which every minute is at least three quarters speech           |
 * | parallel    | 2 % and 25 % of the minutes with more speech than a minute holds                |
 * | sleepless   | 18 and 23 of the last 24 hours with speech in them                              |
 * | excess      | once and three times the cap                                                    |
 *
 * score = 0.65 × the strongest of the first three + 0.35 × excess; or an eighth of the multiple of the daily cap, if more.
 */
import { FAIR_USE } from "@holdfast/contract";
import { FAIR_USE_WINDOWS, type FairUseWindow, type SpeechMinute, WINDOW_MS, type WindowTotals } from "./meters.ts";
import type { SpeechCaps } from "./policy.ts";

/** What a language model may call it; exhausted credits are none of its business. */
export const OPINION_TYPES = [
  "none",
  "audiobook",
  "podcast",
  "prerecorded",
  "tv_movie",
  "commercial",
  "unknown",
] as const;
export const MISUSE_TYPES = [...OPINION_TYPES, "free_exhausted"] as const;
export type MisuseType = (typeof MISUSE_TYPES)[number];

/** What a classifier that reads words is shown of one conversation: enough to tell a talk from a broadcast. */
export interface ConversationGlimpse {
  readonly startedAtMs: number;
  readonly durationSeconds: number;
  readonly title: string;
  readonly overview: string;
  readonly category: string;
  readonly speakers: number;
  /** 0 to 1: how much of what was said the user said, as far as anybody knows. */
  readonly userShare: number;
  /** Characters of all its words; `samples` are only some. */
  readonly characters: number;
  /** Lines from its beginning and its middle, each with its speaker. */
  readonly samples: readonly string[];
}

export interface ClassifierInput {
  readonly userId: string;
  readonly exceeded: readonly FairUseWindow[];
  readonly totals: WindowTotals;
  readonly caps: SpeechCaps;
  /** Live speech of the last week, oldest first, one entry a minute. */
  readonly minutes: readonly SpeechMinute[];
  /** What was said in them, newest first; only for a classifier that reads it. */
  readonly conversations?: readonly ConversationGlimpse[];
  readonly nowMs: number;
}

export interface Verdict {
  /** 0 to 1; the gate is 0.7. */
  readonly score: number;
  readonly type: MisuseType;
  /** What it was seen by, for people; holds nothing anybody said. */
  readonly evidence: Readonly<Record<string, number>>;
}

export interface Classifier {
  /** Names it in events. */
  readonly name: string;
  /** May reject; nothing is decided then. What it does after the signal aborted does not count. */
  classify(input: ClassifierInput, signal?: AbortSignal): Promise<Verdict>;
}

const DENSE_MS = 45_000;
const HOUR_MS = 3_600_000;

export const deterministicClassifier: Classifier = {
  name: "deterministic",
  classify: async (input) => judgeMinutes(input),
};

/** The default verdict. Pure: the same minutes are always judged the same. */
export function judgeMinutes({ totals, caps, minutes, nowMs }: ClassifierInput): Verdict {
  const unbroken = ramp(longestDenseRun(minutes), 60, 240);
  const full = minutes.filter((minute) => minute.speechMs > FAIR_USE.bucketMs).length;
  const parallel = minutes.length === 0 ? 0 : ramp(full / minutes.length, 0.02, 0.25);
  const sleepless = ramp(hoursWithSpeech(minutes, nowMs), 18, 23);
  const multiple = Math.max(0, ...FAIR_USE_WINDOWS.map((window) => ratio(totals[window], caps[window])));
  const excess = ramp(multiple, 1, 3);
  const sign = Math.max(unbroken, parallel, sleepless);
  const inhuman = Math.min(1, ratio(totals.daily, caps.daily) / 8);
  const score = round(Math.max(0.65 * sign + 0.35 * excess, inhuman));
  const evidence = { unbroken: round(unbroken), parallel: round(parallel), sleepless: round(sleepless) };
  return {
    score,
    type: typeOf(sign, { unbroken, parallel, sleepless }),
    evidence: { ...evidence, excess: round(excess) },
  };
}

function typeOf(sign: number, signs: { unbroken: number; parallel: number; sleepless: number }): MisuseType {
  if (sign < 0.5) return "unknown";
  if (sign === signs.parallel) return "commercial";
  return sign === signs.unbroken ? "prerecorded" : "unknown";
}

/** Minutes. */
function longestDenseRun(minutes: readonly SpeechMinute[]): number {
  let longest = 0;
  let run = 0;
  let expectedMs: number | undefined;
  for (const { minuteMs, speechMs } of minutes) {
    const dense = speechMs >= DENSE_MS;
    run = dense ? (minuteMs === expectedMs ? run + 1 : 1) : 0;
    expectedMs = minuteMs + FAIR_USE.bucketMs;
    longest = Math.max(longest, run);
  }
  return longest;
}

function hoursWithSpeech(minutes: readonly SpeechMinute[], nowMs: number): number {
  const recent = minutes.filter(({ minuteMs, speechMs }) => speechMs > 0 && minuteMs > nowMs - WINDOW_MS.daily);
  return new Set(recent.map(({ minuteMs }) => Math.floor((nowMs - minuteMs) / HOUR_MS))).size;
}

function ratio(total: number, cap: number): number {
  if (total === 0) return 0;
  return cap === 0 ? Number.POSITIVE_INFINITY : total / cap;
}

/** 0 at `from` and below, 1 at `to` and above. */
function ramp(value: number, from: number, to: number): number {
  return Math.min(1, Math.max(0, (value - from) / (to - from)));
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
