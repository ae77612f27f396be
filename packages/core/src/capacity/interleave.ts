/**
 * How much of the other lane is worked on while a lane gets through its own: one claim in `backfillEvery` prefers old
 * recordings, the others fresh ones (`turns.ts`). So fresh recordings wait for a few old ones as well, and old ones not for all
 * fresh ones. A guess for people: recordings are taken to be as long as the lane's mean.
 */
import { QUEUE } from "@holdfast/contract";
import type { LaneLoad, QueueLoad } from "./admission.ts";
import type { SyncLane } from "./turns.ts";

/** Seconds of the other lane's sound before `aheadSeconds` of this one are done and its next recording begins. */
export function otherLaneSeconds(load: Pick<QueueLoad, SyncLane>, lane: SyncLane, aheadSeconds: number): number {
  const mine = meanSeconds(load[lane]);
  const other = load[lane === "fresh" ? "backfill" : "fresh"];
  const claims = mine === 0 ? 0 : aheadSeconds / mine;
  const freshToOne = QUEUE.backfillEvery - 1;
  // An old recording waits for the claims of its own turn too.
  const others = lane === "fresh" ? claims / freshToOne : (claims + 1) * freshToOne;
  return Math.min(other.audioSeconds, others * meanSeconds(other));
}

function meanSeconds({ waiting, audioSeconds }: LaneLoad): number {
  return waiting === 0 ? 0 : audioSeconds / waiting;
}
