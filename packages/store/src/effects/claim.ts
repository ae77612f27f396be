/**
 * Asks, before a side effect, whether it may still happen: the conversation is completed, kept, not deleted, and shows the
 * revision that this fan-out belongs to. If not, the job is closed as `fenced`. Asked again before each delivery, so that at
 * most the one that is on its way can be overtaken. What is to be told is read under the same lock: read later, its words
 * might already be part of another conversation.
 *
 * Locks: the conversation row, then the job row.
 */
import type { Conversation } from "@holdfast/contract";
import { lockedConversation } from "../conversations/lock.ts";
import { loadConversation } from "../conversations/read.ts";
import type { Db } from "../database.ts";
import type { Job } from "../jobs/job.ts";
import { completeJob, holdsLease } from "../jobs/settle.ts";
import { listWebhooks, type Webhook } from "../webhooks/webhooks.ts";

export type FanoutClaim =
  /** The conversation as it was when its revision was looked at; left out where nobody waits for it. */
  | {
      readonly outcome: "claimed";
      readonly targets: readonly Webhook[];
      readonly conversation: Conversation | undefined;
    }
  | { readonly outcome: "fenced"; readonly reason: FenceReason }
  | { readonly outcome: "lease_lost" };

export type FenceReason = "conversation_gone" | "conversation_discarded" | "not_completed" | "newer_revision";

/** `targets` are those that wait for this conversation; switched off or told already, they are left out. */
export async function claimFanout(db: Db, job: Job, nowMs: number): Promise<FanoutClaim> {
  const conversationId = job.conversationId ?? "";
  return await db.transaction().execute(async (trx) => {
    const row = await lockedConversation(trx, job.userId, conversationId)
      .select(["status", "discarded", "completed_revision"])
      .executeTakeFirst();
    if (!(await holdsLease(trx, job))) return { outcome: "lease_lost" };
    const reason = fenceOf(row, job.payload.revision);
    if (reason !== undefined) {
      await completeJob(trx, job, { outcome: "completed", result: { fenced: true, reason }, nowMs });
      return { outcome: "fenced", reason };
    }
    const told = await trx
      .selectFrom("deliveries")
      .select("type")
      .where("user_id", "=", job.userId)
      .where("conversation_id", "=", conversationId)
      .where("outcome", "=", "delivered")
      .execute();
    const done = new Set(told.map((delivery) => delivery.type));
    const targets = (await listWebhooks(trx, job.userId)).filter(
      (webhook) => webhook.enabled && webhook.type === "memory_created" && !done.has(webhook.type),
    );
    const conversation = targets.length === 0 ? undefined : await loadConversation(trx, job.userId, conversationId);
    return { outcome: "claimed", targets, conversation };
  });
}

function fenceOf(
  row: { readonly status: string; readonly discarded: boolean; readonly completed_revision: number | null } | undefined,
  revision: unknown,
): FenceReason | undefined {
  if (row === undefined) return "conversation_gone";
  if (row.status !== "completed") return "not_completed";
  if (row.completed_revision !== revision) return "newer_revision";
  return row.discarded ? "conversation_discarded" : undefined;
}
