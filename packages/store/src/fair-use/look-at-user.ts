/**
 * Has a user looked at whose speech crossed a cap: by a pusher, where what was said is read, and otherwise at once, by when it
 * was said. Says in the log what came of it. What it locks is said in `request.ts` and `evaluate.ts`.
 */
import type { Log } from "@holdfast/core";
import type { Db } from "../database.ts";
import { type EvaluateOptions, evaluateFairUse } from "./evaluate.ts";
import { requestLook } from "./request.ts";

/** True where a verdict was written now, so that the user's account may be another. */
export async function lookAtUser(
  db: Db,
  { log, ...options }: EvaluateOptions & { readonly log: Log },
): Promise<boolean> {
  if (options.policy.readsWords) {
    const jobId = await requestLook(db, options);
    if (jobId !== undefined) log.info({ event: "fair_use_requested", jobId }, "a user is to be looked at");
    return false;
  }
  const evaluation = await evaluateFairUse(db, options);
  if (evaluation === undefined) return false;
  const { caseRef, previousStage, stage, verdict } = evaluation;
  log.info({ event: "fair_use_verdict", caseRef, score: verdict.score, previousStage, stage }, "a user was looked at");
  return true;
}
