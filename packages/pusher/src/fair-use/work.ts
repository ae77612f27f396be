/** Takes users who are to be looked at, one at a time: nobody waits for it, and summaries need the model more. */
import type { Log } from "@holdfast/core";
import { type JobLoop, startJobLoop } from "@holdfast/store";
import { handleLook, type LookDeps, recordFailure } from "./handle.ts";

export function startLooks(deps: LookDeps & { readonly log: Log; readonly owner: string }): JobLoop {
  const { db, clock, log, owner } = deps;
  return startJobLoop({
    ...{ db, clock, log, owner, kinds: ["fair_use"] as const, concurrency: 1 },
    handle: (job, signal) => handleLook(deps, job, signal),
    fail: (job, failure) => recordFailure(deps, job, failure),
  });
}
