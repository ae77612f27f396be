/**
 * Has a pusher look at a user whose speech crossed a cap: the run is begun and its job written in one transaction, so there is
 * one job for each run, however many sessions and workers ask, and none that nobody works on. The run lasts until its twelve
 * hours are over, whatever becomes of the job: its tries are the job's.
 *
 * Locks: the user's fair-use row, then a new job row.
 */
import { FAIR_USE } from "@holdfast/contract";
import type { FairUsePolicy } from "@holdfast/core";
import type { Db } from "../database.ts";
import { deterministicUuid } from "../ids.ts";
import { enqueueJob } from "../jobs/enqueue.ts";
import { crossedCaps } from "./evaluate.ts";
import { beginRun, type FairUseTrigger } from "./verdict.ts";

export interface LookRequest extends FairUseTrigger {
  readonly policy: FairUsePolicy;
  readonly nowMs: number;
}

/** The id of the job; undefined where there is nothing to look at, or somebody looked lately. */
export async function requestLook(db: Db, request: LookRequest): Promise<string | undefined> {
  const { policy, userId, sessionId, trigger, nowMs } = request;
  if ((await crossedCaps(db, policy, userId, nowMs)) === undefined) return undefined;
  const runUntilMs = nowMs + FAIR_USE.classifierCooldownMs;
  const id = deterministicUuid(userId, "fair_use", runUntilMs);
  return await db.transaction().execute(async (trx) => {
    if (!(await beginRun(trx, userId, runUntilMs, nowMs))) return undefined;
    const payload = { session_id: sessionId, trigger, run_until: runUntilMs };
    await enqueueJob(trx, { userId, id, kind: "fair_use", payload, dueMs: nowMs, nowMs });
    return id;
  });
}
