/** Takes pictures that wait for a description, a few at a time, apart from summaries, which people wait for more. */
import type { Log } from "@holdfast/core";
import { type JobLoop, startJobLoop } from "@holdfast/store";
import { handlePhoto, type PhotoDeps, recordFailure } from "./handle.ts";

const CONCURRENCY = 2;

export function startPhotos(deps: PhotoDeps & { readonly log: Log; readonly owner: string }): JobLoop {
  const { db, clock, log, owner } = deps;
  return startJobLoop({
    ...{ db, clock, log, owner, kinds: ["photo"] as const, concurrency: CONCURRENCY },
    handle: (job, signal) => handlePhoto(deps, job, signal),
    fail: (job, failure) => recordFailure(deps, job, failure),
  });
}
