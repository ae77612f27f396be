/**
 * Looks at a user whose speech crossed a cap: at most one run of the classifier in twelve hours, however many sessions and
 * workers ask. Here the run is made at once, by whoever asks (`request.ts` gives it to a pusher): a claim, the classifier
 * outside of any transaction, and its verdict in one more, written only by whoever holds the claim. A classifier that fails
 * gives the claim back; a process that dies loses it after five minutes.
 *
 * Locks: the user's fair-use row, twice, then a new event row.
 */
import { FAIR_USE } from "@holdfast/contract";
import {
  type Classifier,
  type ClassifierInput,
  capsOf,
  exceededWindows,
  type FairUsePolicy,
  isLimited,
  type Random,
} from "@holdfast/core";
import type { Db } from "../database.ts";
import { liveMinutes, loadFairUse } from "./account.ts";
import { beginRun, type Evaluation, endRun, type FairUseTrigger, writeVerdict } from "./verdict.ts";

export interface EvaluateOptions extends FairUseTrigger {
  readonly policy: FairUsePolicy;
  readonly classifier: Classifier;
  readonly random: Random;
  readonly nowMs: number;
}

/** Undefined where there was nothing to look at, or somebody looked lately. Rejects as the classifier does. */
export async function evaluateFairUse(db: Db, options: EvaluateOptions): Promise<Evaluation | undefined> {
  const { policy, userId, sessionId, trigger, classifier, random, nowMs } = options;
  const crossed = await crossedCaps(db, policy, userId, nowMs);
  if (crossed === undefined) return undefined;
  const runUntilMs = nowMs + FAIR_USE.classifierLeaseMs;
  const begun = await db.transaction().execute((trx) => beginRun(trx, userId, runUntilMs, nowMs));
  if (!begun) return undefined;
  try {
    const input = { ...crossed, minutes: await liveMinutes(db, userId, nowMs) };
    const verdict = await classifier.classify(input);
    const ids = { eventId: random.uuid(), caseUuid: random.uuid(), by: classifier.name };
    const found = { userId, sessionId, trigger, ...ids, input, verdict, runUntilMs, nowMs };
    return await db.transaction().execute((trx) => writeVerdict(trx, found));
  } catch (error) {
    await endRun(db, userId, runUntilMs, nowMs).catch(() => {});
    throw error;
  }
}

/** What a classifier is told of a user over a cap, but for when they spoke; undefined where nobody is to be looked at. */
export async function crossedCaps(
  db: Db,
  policy: FairUsePolicy,
  userId: string,
  nowMs: number,
): Promise<Omit<ClassifierInput, "minutes"> | undefined> {
  if (!isLimited(policy, userId)) return undefined;
  const { totals } = await loadFairUse(db, userId, nowMs);
  const caps = capsOf(policy, userId);
  const exceeded = exceededWindows(totals, caps);
  return exceeded.length === 0 ? undefined : { userId, exceeded, totals, caps, nowMs };
}
