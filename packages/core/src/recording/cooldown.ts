/**
 * Why an account's uploads pause and until when, as a pure machine (reference client-sync section 5). There are two reasons and
 * each has its own deadline: `fair_use` (this account has used its share) and `backend_busy` (the server has no room). While
 * one of them runs, no request goes out (law L9).
 *
 * | state          | limited                                  | succeeded                              | fair_use_checked        |
 * |----------------|------------------------------------------|----------------------------------------|-------------------------|
 * | open           | limited until now + clamp(wished)        | open                                   | open, or a short limit  |
 * | limited        | the later deadline of that reason stays  | what was set before the request, ends  | fair use ends, or stays |
 *
 * A deadline is never moved to an earlier time by a later answer. An upload that succeeds disproves only what was said before
 * it began: a busy answer that another path got meanwhile stands. `fair_use` is worth keeping over a restart; `backend_busy`
 * is not, since a server that was busy may be asked again by a program that begins anew.
 */

export type CooldownReason = "fair_use" | "backend_busy";

export interface Limit {
  /** Unix milliseconds; the limit is over at this very moment. */
  readonly untilMs: number;
  /** When it was set. */
  readonly setAtMs: number;
}

export interface Cooldown {
  readonly fairUse: Limit | null;
  readonly backendBusy: Limit | null;
}

export type CooldownEvent =
  | {
      readonly type: "limited";
      readonly reason: CooldownReason;
      /** What the server asked for; null, 0 and less mean that it did not say. */
      readonly retryAfterMs: number | null;
      readonly nowMs: number;
    }
  | { readonly type: "succeeded"; readonly startedAtMs: number }
  /** The fair-use status said so; `unknown` where it could not be asked. */
  | {
      readonly type: "fair_use_checked";
      readonly restricted: boolean | "unknown";
      readonly nowMs: number;
    };

/** Durations of reference client-sync 5.2. */
export const COOLDOWN = {
  /** Where the server does not say how long. */
  defaultMs: 1_800_000,
  /** A job that failed because the server was busy, without a hint of its own. */
  busyJobMs: 600_000,
  /** Fair use could not be asked, or still restricts: when to ask again. */
  recheckMs: 60_000,
  maxFairUseMs: 30 * 86_400_000,
  maxBusyMs: 86_400_000,
} as const;

export const OPEN: Cooldown = { fairUse: null, backendBusy: null };

export function stepCooldown(cooldown: Cooldown, event: CooldownEvent): Cooldown {
  switch (event.type) {
    case "limited":
      return limited(cooldown, event);
    case "succeeded": {
      const { startedAtMs } = event;
      const fairUse = disproved(cooldown.fairUse, startedAtMs);
      const backendBusy = disproved(cooldown.backendBusy, startedAtMs);
      return fairUse === cooldown.fairUse && backendBusy === cooldown.backendBusy ? cooldown : { fairUse, backendBusy };
    }
    case "fair_use_checked": {
      const { fairUse } = cooldown;
      if (fairUse === null) return cooldown;
      if (event.restricted === false) return { ...cooldown, fairUse: null };
      if (event.nowMs < fairUse.untilMs) return cooldown;
      return { ...cooldown, fairUse: { untilMs: event.nowMs + COOLDOWN.recheckMs, setAtMs: event.nowMs } };
    }
    default:
      return event satisfies never;
  }
}

export interface ActiveLimit {
  readonly reason: CooldownReason;
  readonly untilMs: number;
}

/** What pauses uploads now, or null. Of two the one that ends later; at the same moment the busy server is named. */
export function activeLimit(cooldown: Cooldown, nowMs: number): ActiveLimit | null {
  const fairUseMs = cooldown.fairUse?.untilMs ?? 0;
  const busyMs = cooldown.backendBusy?.untilMs ?? 0;
  const untilMs = Math.max(fairUseMs, busyMs);
  if (nowMs >= untilMs) return null;
  return { reason: busyMs >= fairUseMs ? "backend_busy" : "fair_use", untilMs };
}

/** A stored fair-use limit has run out and nobody asked yet whether it still holds: ask before the next upload. */
export function needsFairUseCheck({ fairUse }: Cooldown, nowMs: number): boolean {
  return fairUse !== null && nowMs >= fairUse.untilMs;
}

/** When the next limit runs out, for a timer; null where none runs. */
export function nextExpiryMs(cooldown: Cooldown, nowMs: number): number | null {
  const running = [cooldown.fairUse?.untilMs ?? 0, cooldown.backendBusy?.untilMs ?? 0].filter((at) => at > nowMs);
  return running.length === 0 ? null : Math.min(...running);
}

export interface StoredCooldown {
  readonly untilMs: number;
  readonly setAtMs: number;
}

/** What is kept over a restart: the fair-use limit alone. */
export function storedCooldown({ fairUse }: Cooldown): StoredCooldown | null {
  return fairUse;
}

/** What cannot be read is no limit. A clock that was set back must not make a limit of months of one of minutes. */
export function restoredCooldown(stored: StoredCooldown | null, nowMs: number): Cooldown {
  if (stored === null || !Number.isFinite(stored.untilMs) || !Number.isFinite(stored.setAtMs)) return OPEN;
  if (stored.untilMs <= 0) return OPEN;
  // It ran from `setAtMs`, so that this much is the most that can be left of it.
  const lengthMs = Math.min(Math.max(0, stored.untilMs - stored.setAtMs), COOLDOWN.maxFairUseMs);
  const untilMs = Math.min(stored.untilMs, nowMs + lengthMs);
  return { fairUse: { untilMs, setAtMs: Math.min(stored.setAtMs, nowMs) }, backendBusy: null };
}

/**
 * The clock was set back by so many milliseconds while limits ran: they keep the length that they have left.
 */
export function clockSetBack({ fairUse, backendBusy }: Cooldown, byMs: number): Cooldown {
  const earlier = (limit: Limit | null): Limit | null =>
    limit === null ? null : { untilMs: limit.untilMs - byMs, setAtMs: limit.setAtMs - byMs };
  return { fairUse: earlier(fairUse), backendBusy: earlier(backendBusy) };
}

function limited(cooldown: Cooldown, event: CooldownEvent & { readonly type: "limited" }): Cooldown {
  const { reason, retryAfterMs, nowMs } = event;
  const cap = reason === "fair_use" ? COOLDOWN.maxFairUseMs : COOLDOWN.maxBusyMs;
  const wished = retryAfterMs === null || !(retryAfterMs > 0) ? COOLDOWN.defaultMs : retryAfterMs;
  const before = reason === "fair_use" ? cooldown.fairUse : cooldown.backendBusy;
  const limit: Limit = { untilMs: Math.max(before?.untilMs ?? 0, nowMs + Math.min(wished, cap)), setAtMs: nowMs };
  return reason === "fair_use" ? { ...cooldown, fairUse: limit } : { ...cooldown, backendBusy: limit };
}

function disproved(limit: Limit | null, startedAtMs: number): Limit | null {
  return limit !== null && limit.setAtMs < startedAtMs ? null : limit;
}
