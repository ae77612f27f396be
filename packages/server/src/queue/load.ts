/**
 * The load of the queue of uploads as this gateway knows it: read at most once a second, and never more than a twentieth of the
 * time, however many ask. Who asks in between, or while it is read again, gets what was read last; only the first waits, and who
 * asks after a long silence. Undefined while the database does not say.
 */
import { HoldfastError, QUEUE } from "@holdfast/contract";
import { type Clock, type LaneLoad, type QueueLimits, type QueueLoad, serviceRate } from "@holdfast/core";
import { type Db, loadQueue } from "@holdfast/store";
import type { HttpContext } from "../http/context.ts";

const SHARE = 20;
/** Past the time to read it again by more than this, what is known says nothing about now. */
const STALE_MS = 2_000;

export type KnownLoad = () => Promise<QueueLoad | undefined>;

export function createKnownLoad({ db, clock }: { readonly db: Db; readonly clock: Clock }): KnownLoad {
  let known: QueueLoad | undefined;
  let reading: Promise<void> | undefined;
  let nextMs = Number.NEGATIVE_INFINITY;
  const read = async (): Promise<void> => {
    const beganMs = clock.now();
    known = await loadQueue(db).catch(() => undefined);
    const endedMs = clock.now();
    nextMs = endedMs + Math.max(QUEUE.snapshotMs, SHARE * (endedMs - beganMs));
    reading = undefined;
  };
  return async () => {
    const lateMs = clock.now() - nextMs;
    if (lateMs >= 0) reading ??= read();
    if (known === undefined || lateMs > STALE_MS) await reading;
    return known;
  };
}

/** For routes that have nothing to say without it. Throws `database_unavailable` while the database does not say. */
export async function requireLoad(known: KnownLoad): Promise<QueueLoad> {
  const load = await known();
  if (load !== undefined) return load;
  const away = { code: "database_unavailable", class: "transport", scope: "service" } as const;
  throw new HoldfastError("the queue cannot be looked at now", { ...away, retryAfterMs: 5_000 });
}

/** How long the oldest of a lane has waited, and 0 where none does. */
export function oldestAgeSeconds({ oldestMs }: LaneLoad, nowMs: number): number {
  return oldestMs === undefined ? 0 : Math.max(0, Math.floor((nowMs - oldestMs) / 1_000));
}

/** Sound that all workers together get through in a second, to a thousandth. */
export function shownRate(load: QueueLoad, nowMs: number): number {
  return Math.round(serviceRate(load, nowMs) * 1_000) / 1_000;
}

export function queueLimits(config: HttpContext["config"]): QueueLimits {
  return {
    maxWaiting: config.HOLDFAST_MAX_QUEUED_UPLOADS,
    backfillWaitSeconds: config.HOLDFAST_BACKFILL_MAX_WAIT_HOURS * 3_600,
    freshWaitSeconds: config.HOLDFAST_FRESH_MAX_WAIT_HOURS * 3_600,
  };
}
