/** Writes a job inside the caller's transaction. A repeated id changes nothing: ids are functions of what they name. */
import type { JobKind } from "@holdfast/core";
import type { Db } from "../database.ts";

export interface NewJob {
  readonly userId: string;
  readonly id: string;
  readonly kind: JobKind;
  readonly state?: "queued" | "blocked";
  readonly conversationId?: string | null;
  readonly lane?: "fresh" | "backfill";
  /** Order among waiting jobs, lowest first; the number of the user's jobs already waiting keeps users in turn. */
  readonly rank?: number;
  readonly payload: Readonly<Record<string, unknown>>;
  /** Of the oldest recording of an upload: a user's uploads are worked on in this order. */
  readonly capturedMs?: number;
  /** How much sound it holds, as far as anybody knows. */
  readonly audioSeconds?: number;
  readonly reasonCode?: string | null;
  readonly dueMs: number;
  readonly nowMs: number;
}

/** Returns true where the job is new. */
export async function enqueueJob(trx: Db, job: NewJob): Promise<boolean> {
  const now = new Date(job.nowMs);
  const result = await trx
    .insertInto("jobs")
    .values({
      user_id: job.userId,
      id: job.id,
      kind: job.kind,
      state: job.state ?? "queued",
      conversation_id: job.conversationId ?? null,
      lane: job.lane ?? "fresh",
      rank: job.rank ?? 0,
      payload: JSON.stringify(job.payload),
      stage: null,
      lease_owner: null,
      reason_code: job.reasonCode ?? null,
      failure_class: null,
      last_error: null,
      due_at: new Date(job.dueMs),
      captured_at: job.capturedMs === undefined ? null : new Date(job.capturedMs),
      audio_seconds: job.audioSeconds ?? 0,
      created_at: now,
      updated_at: now,
    })
    .onConflict((conflict) => conflict.columns(["user_id", "id"]).doNothing())
    .executeTakeFirst();
  return result.numInsertedOrUpdatedRows === 1n;
}
