/**
 * Whether the queue of uploads takes more. Accepting is cheap and pacing is what a queue is for, so the answer is yes until the
 * wait would be longer than anybody can mean; then it is 503 `backfill_capacity` with the time that the backlog really needs to
 * get short enough again (reference offline-sync 9, defects 6 and 7).
 *
 * | upload   | is refused while                                                                                      |
 * |----------|-------------------------------------------------------------------------------------------------------|
 * | backfill | everything that waits needs longer than the limit, or is too many jobs; or fresh ones are refused       |
 * | fresh    | the fresh ones alone need longer than their limit, which is never below the other, or are too many jobs |
 *
 * Fresh recordings are worked on first, so backfill waits for both lanes. The rate is what workers measured; where nothing
 * ended for long although something waits, the queue stands still, and is believed to be slower the longer it stands.
 */
import { QUEUE } from "@holdfast/contract";
import type { SyncLane } from "./turns.ts";

export interface LaneLoad {
  readonly waiting: number;
  /** Sound that waits. */
  readonly audioSeconds: number;
  /** When the oldest was accepted. */
  readonly oldestMs: number | undefined;
}

export interface QueueLoad {
  readonly fresh: LaneLoad;
  readonly backfill: LaneLoad;
  /** Jobs in work. */
  readonly running: number;
  /** Of one place of a worker; undefined where nobody measured it yet. */
  readonly speed: number | undefined;
  readonly speedMeasuredMs: number | undefined;
}

/** 0 sets no limit. */
export interface QueueLimits {
  readonly maxWaiting: number;
  readonly backfillWaitSeconds: number;
  readonly freshWaitSeconds: number;
}

export interface CapacityRefusal {
  readonly code: "backfill_capacity";
  readonly retryAfterSeconds: number;
}

/** Seconds of sound that are worked on in a second, by all workers together. Above 0. */
export function serviceRate(load: QueueLoad, nowMs: number): number {
  const speed = Math.max(load.speed ?? QUEUE.assumedSpeed, Number.MIN_VALUE) * Math.max(1, load.running);
  const stoodMs = standsSince(load, nowMs);
  return Math.max(stoodMs > QUEUE.stallMs ? speed * (QUEUE.stallMs / stoodMs) : speed, 1e-6);
}

/** How long nothing ended that could have: no longer than the oldest waits. */
function standsSince(load: QueueLoad, nowMs: number): number {
  const oldest = [load.fresh.oldestMs, load.backfill.oldestMs].filter((ms) => ms !== undefined);
  if (oldest.length === 0) return 0;
  const waitedMs = nowMs - Math.min(...oldest);
  return Math.max(0, Math.min(waitedMs, nowMs - (load.speedMeasuredMs ?? Number.NEGATIVE_INFINITY)));
}

/** Until an upload of this lane that came now, behind all others, would begin. */
export function waitSeconds(load: QueueLoad, lane: SyncLane, nowMs: number): number {
  const ahead = load.fresh.audioSeconds + (lane === "backfill" ? load.backfill.audioSeconds : 0);
  return ahead / serviceRate(load, nowMs);
}

/** Undefined where the upload is taken. `random` is uniform in [0, 1) and spreads those who come back. */
export function refuseForCapacity(
  load: QueueLoad,
  lane: SyncLane,
  limits: QueueLimits,
  nowMs: number,
  random: number,
): CapacityRefusal | undefined {
  const excess = excessSeconds(load, lane, limits, nowMs);
  if (excess <= 0) return undefined;
  const spread = excess * (1 + 0.2 * random);
  const retryAfterSeconds = Math.ceil(Math.min(QUEUE.maxRetrySeconds, Math.max(QUEUE.minRetrySeconds, spread)));
  // Those at the longest wait are spread too, below it.
  const clamped = retryAfterSeconds === QUEUE.maxRetrySeconds ? Math.ceil(retryAfterSeconds * (1 - 0.2 * random)) : 0;
  return { code: "backfill_capacity", retryAfterSeconds: clamped === 0 ? retryAfterSeconds : clamped };
}

/** Work that must end before the upload would be taken, in seconds; 0 where it is taken now. */
export function excessSeconds(load: QueueLoad, lane: SyncLane, limits: QueueLimits, nowMs: number): number {
  const fresh = laneExcess(load, "fresh", { ...limits, ...freshLimit(limits) }, nowMs);
  return lane === "fresh" ? fresh : Math.max(fresh, laneExcess(load, "backfill", limits, nowMs));
}

/** What is left for this lane before it is refused: seconds of work; undefined without a limit. */
export function roomSeconds(
  load: QueueLoad,
  lane: SyncLane,
  limits: QueueLimits,
  nowMs: number,
): { readonly limit: number; readonly left: number } | undefined {
  const limit = lane === "fresh" ? freshLimit(limits).freshWaitSeconds : limits.backfillWaitSeconds;
  if (limit === 0) return undefined;
  const refused = excessSeconds(load, lane, limits, nowMs) > 0;
  return { limit, left: refused ? 0 : Math.max(0, limit - waitSeconds(load, lane, nowMs)) };
}

function freshLimit({ freshWaitSeconds, backfillWaitSeconds }: QueueLimits): Pick<QueueLimits, "freshWaitSeconds"> {
  return { freshWaitSeconds: freshWaitSeconds === 0 ? 0 : Math.max(freshWaitSeconds, backfillWaitSeconds) };
}

function laneExcess(load: QueueLoad, lane: SyncLane, limits: QueueLimits, nowMs: number): number {
  const limit = lane === "fresh" ? limits.freshWaitSeconds : limits.backfillWaitSeconds;
  const wait = waitSeconds(load, lane, nowMs);
  const tooLong = limit > 0 ? wait - limit : 0;
  const waiting = load.fresh.waiting + (lane === "backfill" ? load.backfill.waiting : 0);
  const tooMany = limits.maxWaiting > 0 ? waiting + 1 - limits.maxWaiting : 0;
  // As long as so many of those that wait take, at least a moment.
  const manySeconds = tooMany > 0 ? Math.max(1, (tooMany / Math.max(1, waiting)) * wait) : 0;
  return Math.max(0, tooLong, manySeconds);
}
