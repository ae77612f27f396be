/**
 * The limits of fair use as the settings have them, and which of them a user has. Off unless one setting turns it on; a kill
 * switch suspends it; exempt users are neither measured nor limited. A plan is a tier of caps: `default`, or `unlimited` for
 * the users that the settings name. Every gate asks for caps here, so that none of them forgets the plan (reference
 * offline-sync, defect 22).
 */
import type { Config } from "@holdfast/contract";
import { FAIR_USE_WINDOWS, type FairUseWindow, type WindowTotals } from "./meters.ts";

export type FairUseTier = "default" | "unlimited";

/** Milliseconds of speech; a window is exceeded by strictly more. */
export type SpeechCaps = Readonly<Record<FairUseWindow, number>>;

export interface FairUsePolicy {
  readonly enabled: boolean;
  readonly exempt: ReadonlySet<string>;
  readonly unlimited: ReadonlySet<string>;
  readonly caps: Readonly<Record<FairUseTier, SpeechCaps>>;
  /** What a restricted user has transcribed in a UTC day; 0 sets no budget. */
  readonly restrictedDailyMs: number;
  /** Speech in 24 hours after which no fresh upload is taken; 0 sets no ceiling. */
  readonly dailyCeilingMs: number;
  /** Users are looked at by a language model, in a job of a pusher; else at once, by the minutes in which they spoke. */
  readonly readsWords: boolean;
}

type FairUseSettings = Pick<
  Config,
  Extract<keyof Config, `FAIR_USE_${string}`> | "MAX_DAILY_AUDIO_HOURS" | "HOLDFAST_LLM_URL"
>;

export function fairUsePolicy(settings: FairUseSettings): FairUsePolicy {
  return {
    enabled: settings.FAIR_USE_ENABLED && !settings.FAIR_USE_KILL_SWITCH,
    exempt: new Set(settings.FAIR_USE_EXEMPT_UIDS),
    unlimited: new Set(settings.FAIR_USE_UNLIMITED_UIDS),
    caps: {
      default: {
        daily: settings.FAIR_USE_DAILY_SPEECH_MS,
        three_day: settings.FAIR_USE_3DAY_SPEECH_MS,
        weekly: settings.FAIR_USE_WEEKLY_SPEECH_MS,
      },
      unlimited: {
        daily: settings.FAIR_USE_UNLIMITED_DAILY_SPEECH_MS,
        three_day: settings.FAIR_USE_UNLIMITED_3DAY_SPEECH_MS,
        weekly: settings.FAIR_USE_UNLIMITED_WEEKLY_SPEECH_MS,
      },
    },
    restrictedDailyMs: settings.FAIR_USE_RESTRICT_DAILY_DG_MS,
    dailyCeilingMs: settings.MAX_DAILY_AUDIO_HOURS * 3_600_000,
    readsWords: settings.HOLDFAST_LLM_URL !== undefined,
  };
}

/** Whether this user is measured and limited at all. */
export function isLimited(policy: FairUsePolicy, userId: string): boolean {
  return policy.enabled && !policy.exempt.has(userId);
}

export function capsOf(policy: FairUsePolicy, userId: string): SpeechCaps {
  return policy.caps[policy.unlimited.has(userId) ? "unlimited" : "default"];
}

export function exceededWindows(totals: WindowTotals, caps: SpeechCaps): FairUseWindow[] {
  return FAIR_USE_WINDOWS.filter((window) => totals[window] > caps[window]);
}
