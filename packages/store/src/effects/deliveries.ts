/**
 * What became of each message to a webhook. The id of a delivery is a function of the conversation and the type, whatever
 * revision or process sends it, so that a receiver can tell a repetition, and a take-over knows what was done before it.
 *
 * Locks: the job row, then the delivery row.
 */
import type { Db } from "../database.ts";
import { deterministicUuid } from "../ids.ts";
import type { Job } from "../jobs/job.ts";
import { holdsLease } from "../jobs/settle.ts";
import type { WebhookType } from "../webhooks/webhooks.ts";

export function deliveryId(userId: string, conversationId: string, type: WebhookType): string {
  return deterministicUuid(userId, conversationId, "delivery", type);
}

export interface DeliveryEnd {
  readonly type: WebhookType;
  readonly outcome: "delivered" | "refused" | "gave_up";
  /** HTTP status, if there was an answer. */
  readonly status: number | null;
  readonly nowMs: number;
}

/** Records an ending. False where the lease was lost; nothing was written then. */
export async function recordDelivery(db: Db, job: Job, end: DeliveryEnd): Promise<boolean> {
  const conversationId = job.conversationId ?? "";
  return await db.transaction().execute(async (trx) => {
    if (!(await holdsLease(trx, job))) return false;
    const values = { outcome: end.outcome, status: end.status, ended_at: new Date(end.nowMs) };
    await trx
      .insertInto("deliveries")
      .values({
        user_id: job.userId,
        id: deliveryId(job.userId, conversationId, end.type),
        conversation_id: conversationId,
        type: end.type,
        ...values,
      })
      .onConflict((conflict) => conflict.columns(["user_id", "id"]).doUpdateSet(values))
      .execute();
    return true;
  });
}
