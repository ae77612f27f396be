/**
 * Asks, before a side effect, whether it may still happen: the conversation is completed, kept, not deleted, and shows the
 * revision that this fan-out belongs to. If not, the job is closed as `fenced`. Asked again before each delivery, so that at
 * most the one that is on its way can be overtaken.
 *
 * Locks: the conversation row, then the job row.
 */
import { lockedConversation } from "../conversations/lock.ts";
import type { Db } from "../database.ts";
import type { Job } from "../jobs/job.ts";
import { completeJob, holdsLease } from "../jobs/settle.ts";
import { listWebhooks, type Webhook } from "../webhooks/webhooks.ts";

export type FanoutClaim =
  | { readonly outcome: "claimed"; readonly targets: readonly Webhook[] }
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
    return { outcome: "claimed", targets };
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
