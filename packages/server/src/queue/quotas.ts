/**
 * What a user may still send, as numbers, and as the fields `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-
 * headers: lists of quoted names, `q` the quota, `w` its window, `qu` its unit, `r` what is left, `t` seconds until there is
 * more). Published before anything is refused, so that a client can pace itself.
 *
 * | name                             | unit           | is                                                                 |
 * |----------------------------------|----------------|--------------------------------------------------------------------|
 * | `fair-use-daily`, `-3day`, `-weekly` | speech-seconds | caps of fair use, for users that it limits                     |
 * | `queue-fresh`, `queue-backfill`  | work-seconds   | how long the queue may need, and how much of that is free          |
 */
import {
  capsOf,
  excessSeconds,
  type FairUseAccount,
  type FairUsePolicy,
  isLimited,
  nextUtcMidnight,
  type QueueLimits,
  type QueueLoad,
  roomSeconds,
  type SyncLane,
  WINDOW_MS,
} from "@holdfast/core";

export interface Quota {
  readonly name: string;
  readonly unit: string;
  readonly quota: number;
  readonly remaining: number;
  /** Of a rolling window; undefined where it is no window. */
  readonly windowSeconds?: number;
  /** Until there may be more; undefined where there is no need to wait, or nobody knows. */
  readonly resetSeconds?: number;
}

const LANES: readonly SyncLane[] = ["fresh", "backfill"];
const WINDOWS = [
  ["daily", "fair-use-daily"],
  ["three_day", "fair-use-3day"],
  ["weekly", "fair-use-weekly"],
] as const;

export function queueQuotas(load: QueueLoad, limits: QueueLimits, nowMs: number): Quota[] {
  return LANES.flatMap((lane) => {
    const room = roomSeconds(load, lane, limits, nowMs);
    if (room === undefined) return [];
    const excess = excessSeconds(load, lane, limits, nowMs);
    const reset = excess > 0 ? { resetSeconds: Math.ceil(excess) } : {};
    const [quota, remaining] = [Math.floor(room.limit), Math.floor(room.left)];
    return [{ name: `queue-${lane}`, unit: "work-seconds", quota, remaining, ...reset }];
  });
}

/** The windows roll; what is used up is told to come back when the day does, as refusals say. */
export function fairUseQuotas(policy: FairUsePolicy, account: FairUseAccount, nowMs: number): Quota[] {
  if (!isLimited(policy, account.userId)) return [];
  const caps = capsOf(policy, account.userId);
  return WINDOWS.map(([window, name]) => {
    const remaining = Math.max(0, Math.floor((caps[window] - account.totals[window]) / 1_000));
    const reset = remaining === 0 ? { resetSeconds: Math.ceil((nextUtcMidnight(nowMs) - nowMs) / 1_000) } : {};
    const [quota, windowSeconds] = [Math.floor(caps[window] / 1_000), WINDOW_MS[window] / 1_000];
    return { name, unit: "speech-seconds", quota, remaining, windowSeconds, ...reset };
  });
}

/** Names and units are ours and need no escapes. Empty lists have no field. */
export function rateLimitFields(quotas: readonly Quota[]): Record<string, string> {
  if (quotas.length === 0) return {};
  const policy = quotas.map(({ name, unit, quota, windowSeconds }) => {
    const window = windowSeconds === undefined ? "" : `;w=${windowSeconds}`;
    return `"${name}";q=${quota}${window};qu="${unit}"`;
  });
  const now = quotas.map(({ name, remaining, resetSeconds }) => {
    return `"${name}";r=${remaining}${resetSeconds === undefined ? "" : `;t=${resetSeconds}`}`;
  });
  return { "ratelimit-policy": policy.join(", "), ratelimit: now.join(", ") };
}
