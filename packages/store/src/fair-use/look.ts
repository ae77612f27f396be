/**
 * A pusher's look at a user: what it is told, and how it ends. The verdict, the stage, the event with its case, the next run and
 * the end of the job are one transaction, fenced by the job's epoch: a pusher that was taken over decides nothing.
 *
 * Locks: the user's fair-use row, then a new event row, then the job row.
 */
import {
  type ClassifierInput,
  capsOf,
  exceededWindows,
  type FairUsePolicy,
  isLimited,
  type RunFacts,
} from "@holdfast/core";
import type { Db } from "../database.ts";
import { fencedTransaction } from "../jobs/fenced-transaction.ts";
import type { Job } from "../jobs/job.ts";
import { completeJob } from "../jobs/settle.ts";
import { findFairUseUser, liveMinutes, loadFairUse } from "./account.ts";
import { recentConversations } from "./conversations.ts";
import { type Evaluation, type FairUseTrigger, type FoundVerdict, writeVerdict } from "./verdict.ts";

export interface Look {
  readonly facts: Pick<RunFacts, "ours" | "limited" | "exceeded">;
  readonly input: ClassifierInput;
}

/** As things are now: the job may have waited for long. Words are read only where they may be needed. */
export async function loadLook(db: Db, job: Job, policy: FairUsePolicy, nowMs: number): Promise<Look> {
  const { userId } = job;
  const row = await findFairUseUser(db, userId);
  const { totals } = await loadFairUse(db, userId, nowMs);
  const caps = capsOf(policy, userId);
  const exceeded = exceededWindows(totals, caps);
  const facts = {
    ours: row?.classify_after === runUntilOf(job),
    limited: isLimited(policy, userId),
    exceeded: exceeded.length > 0,
  };
  const isWanted = facts.ours && facts.limited && facts.exceeded;
  const minutes = isWanted ? await liveMinutes(db, userId, nowMs) : [];
  const conversations = isWanted ? await recentConversations(db, userId, nowMs) : [];
  return { facts, input: { userId, exceeded, totals, caps, minutes, conversations, nowMs } };
}

export type LookEnd =
  | { readonly outcome: "decided"; readonly evaluation: Evaluation }
  /** `superseded`: somebody else decided meanwhile. Nothing but the end of the job was written then. */
  | { readonly outcome: "superseded" | "lease_lost" };

export async function endLook(
  db: Db,
  job: Job,
  found: Pick<FoundVerdict, "by" | "input" | "verdict" | "caseUuid" | "eventId" | "nowMs">,
): Promise<LookEnd> {
  const end = await fencedTransaction<LookEnd>(db, async (trx, lost) => {
    const run = { ...triggerOf(job), runUntilMs: runUntilOf(job) ?? 0 };
    const evaluation = await writeVerdict(trx, { ...found, ...run });
    const result =
      evaluation === undefined
        ? { decision: "none", reason: "superseded" }
        : {
            ...{ decision: evaluation.stage, case_ref: evaluation.caseRef, judged_by: found.by },
            ...{ score: found.verdict.score, type: found.verdict.type },
          };
    if (!(await completeJob(trx, job, { outcome: "completed", result, nowMs: found.nowMs }))) lost();
    return evaluation === undefined ? { outcome: "superseded" } : { outcome: "decided", evaluation };
  });
  return end ?? { outcome: "lease_lost" };
}

function triggerOf({ userId, payload }: Job): FairUseTrigger {
  const { session_id: sessionId, trigger } = payload;
  return {
    userId,
    sessionId: typeof sessionId === "string" ? sessionId : null,
    trigger: trigger === "repair" || trigger === "sync" ? trigger : "realtime",
  };
}

function runUntilOf({ payload }: Job): number | undefined {
  return typeof payload.run_until === "number" ? payload.run_until : undefined;
}
