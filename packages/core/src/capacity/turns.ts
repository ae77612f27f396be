/**
 * Whose upload is worked on next. The SQL of it is `store/jobs/claim.ts`; this is the rule, and tests hold one against the other.
 *
 * - One job of a user and lane at a time, oldest capture first among those that are due: words reach conversations in order, and
 *   a week of backlog takes one place of a worker, not all of them.
 * - Users take turns: the lane that waits longest for its turn is next. A turn is waited for since the lane was served last, or
 *   since something came into it while it was empty. So between two turns of a lane every other one has at most one.
 * - Other work (gap repair of live conversations) comes first, then fresh recordings, then old ones; but one claim in four
 *   prefers fresh recordings to other work, and one old recordings to everything, so that nothing starves.
 * - The last free place of a worker is not for old recordings: a fresh one never waits for a whole backlog job to end.
 */
import { QUEUE } from "@holdfast/contract";

export type SyncLane = "fresh" | "backfill";
export type ClaimClass = "other" | SyncLane;

/** What the n-th claim of a process looks for, first to last. */
export function claimOrder(turn: number): readonly ClaimClass[] {
  const place = turn % QUEUE.backfillEvery;
  if (place === QUEUE.backfillEvery - 1) return ["backfill", "fresh", "other"];
  return place === 1 ? ["fresh", "other", "backfill"] : ["other", "fresh", "backfill"];
}

/** True where one more job of old recordings would take the last place; a process with one place has no choice. */
export function keepsLastPlace(places: number, backfillRunning: number): boolean {
  return places > 1 && backfillRunning >= places - 1;
}

export interface WaitingUpload {
  readonly userId: string;
  readonly lane: SyncLane;
  readonly id: string;
  readonly capturedMs: number;
  readonly dueMs: number;
}

/** A user's lane: its jobs that wait, whether one is in work, and since when it waits for its turn. */
export interface LaneTurn {
  readonly userId: string;
  readonly lane: SyncLane;
  readonly turnMs: number;
  readonly busy: boolean;
  readonly waiting: readonly WaitingUpload[];
}

/** The job whose turn it is in this lane; undefined where none may begin. */
export function nextUpload(lanes: readonly LaneTurn[], lane: SyncLane, nowMs: number): WaitingUpload | undefined {
  const ready = lanes
    .filter((each) => each.lane === lane && !each.busy && each.waiting.some((job) => job.dueMs <= nowMs))
    .sort((a, b) => a.turnMs - b.turnMs || compare(a.userId, b.userId));
  return ready[0]?.waiting
    .filter((job) => job.dueMs <= nowMs)
    .sort((a, b) => a.capturedMs - b.capturedMs || compare(a.id, b.id))[0];
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
