/**
 * What fair use measures: milliseconds of speech, by where it came from, in minutes of its capture (never of its arrival or
 * processing, so that a phone that sends a week of recordings in one evening has not spoken for a week that evening;
 * reference offline-sync, defect 28). A rolling window is the sum of the minutes that begin within it.
 *
 * Live totals are `realtime` and `sync_fresh`; a backlog (`sync_backfill`) is counted and never held against anybody.
 */
import { FAIR_USE } from "@holdfast/contract";

export const SPEECH_SOURCES = ["realtime", "sync_fresh", "sync_backfill"] as const;
export type SpeechSource = (typeof SPEECH_SOURCES)[number];

/** The sources that count towards limits. */
export const LIVE_SOURCES: readonly SpeechSource[] = ["realtime", "sync_fresh"];

export const FAIR_USE_WINDOWS = ["daily", "three_day", "weekly"] as const;
export type FairUseWindow = (typeof FAIR_USE_WINDOWS)[number];

export const WINDOW_MS: Readonly<Record<FairUseWindow, number>> = {
  daily: 24 * 3_600_000,
  three_day: 72 * 3_600_000,
  weekly: 168 * 3_600_000,
};

/** Milliseconds of speech in each window. */
export type WindowTotals = Readonly<Record<FairUseWindow, number>>;

export const NO_SPEECH: WindowTotals = { daily: 0, three_day: 0, weekly: 0 };

/** Speech of one minute. */
export interface SpeechMinute {
  readonly minuteMs: number;
  readonly speechMs: number;
}

export function minuteOf(ms: number): number {
  return Math.floor(ms / FAIR_USE.bucketMs) * FAIR_USE.bucketMs;
}

/** A stretch of speech as whole milliseconds in the minutes it lies in. Their sum is its rounded length. */
export function speechMinutes(startMs: number, lengthMs: number): SpeechMinute[] {
  const from = Math.round(startMs);
  const until = from + Math.max(0, Math.round(lengthMs));
  const minutes: SpeechMinute[] = [];
  for (let at = from; at < until; ) {
    const minuteMs = minuteOf(at);
    const end = Math.min(until, minuteMs + FAIR_USE.bucketMs);
    minutes.push({ minuteMs, speechMs: end - at });
    at = end;
  }
  return minutes;
}

/** A minute counts while it begins after this moment. */
export function windowStart(window: FairUseWindow, nowMs: number): number {
  return nowMs - WINDOW_MS[window];
}

export function windowTotals(minutes: readonly SpeechMinute[], nowMs: number): WindowTotals {
  const sum = (window: FairUseWindow): number =>
    minutes.reduce((total, minute) => total + (minute.minuteMs > windowStart(window, nowMs) ? minute.speechMs : 0), 0);
  return { daily: sum("daily"), three_day: sum("three_day"), weekly: sum("weekly") };
}
