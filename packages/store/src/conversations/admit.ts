/**
 * Ends a live conversation: status `processing` and the finalisation job are written in one transaction, so neither exists
 * without the other (law L1). Audio that nobody has transcribed yet becomes gap-repair jobs in the same transaction, and the
 * finalisation then waits, `blocked`, for their words. An empty conversation is removed instead.
 *
 * Locks: the conversation row first, then its recording sessions by id, then job rows; every other statement that takes two
 * of these takes them in the same order.
 */
import { sql } from "kysely";
import type { Db } from "../database.ts";
import { deterministicUuid } from "../ids.ts";
import { enqueueJob } from "../jobs/enqueue.ts";
import type { Job } from "../jobs/job.ts";
import { handOverGap } from "../recordings/hand-over.ts";

export interface AdmitRequest {
  readonly userId: string;
  readonly conversationId: string;
  /** What asked for the end, for logs and for the finaliser. */
  readonly trigger: "silence" | "stop" | "finalize" | "disconnect" | "sweep";
  /** Never discard it as worthless (a person pressed stop). */
  readonly force: boolean;
  /** The caller's own recording session, whose lease does not keep others out. */
  readonly ownSessionId?: string;
  /** Only if still silent: the conversation's `finished_at` is not later than this. */
  readonly unlessSpokenAfterMs?: number;
  readonly nowMs: number;
}

export interface FinalizationTicket {
  readonly jobId: string;
  readonly generation: number;
  readonly state: "queued" | "blocked";
}

export type AdmitOutcome =
  | { readonly outcome: "admitted"; readonly ticket: FinalizationTicket }
  /** There was nothing in it, so it was removed. */
  | { readonly outcome: "deleted" }
  /** Somebody spoke meanwhile. */
  | { readonly outcome: "still_active" }
  /** Another process holds its live audio; it was asked to end the conversation. */
  | { readonly outcome: "requested" }
  | { readonly outcome: "not_open"; readonly status: string }
  | { readonly outcome: "missing" };

export async function admitConversation(db: Db, request: AdmitRequest): Promise<AdmitOutcome> {
  return await db.transaction().execute(async (trx) => {
    const { userId, conversationId } = request;
    const row = await trx
      .selectFrom("conversations")
      .select(["status", "finished_at", "language", "finalization_revision"])
      .where("user_id", "=", userId)
      .where("id", "=", conversationId)
      .where("deleted_at", "is", null)
      .forUpdate()
      .executeTakeFirst();
    if (row === undefined) return { outcome: "missing" };
    if (row.status !== "in_progress") return { outcome: "not_open", status: row.status };
    if (request.unlessSpokenAfterMs !== undefined && row.finished_at > request.unlessSpokenAfterMs) {
      return { outcome: "still_active" };
    }
    const held = await settleAudio(trx, request);
    if (held) return { outcome: "requested" };
    const repairs = await openRepairs(trx, userId, conversationId);
    if (repairs === 0 && !(await hasSegments(trx, userId, conversationId))) {
      await removeEmpty(trx, userId, conversationId);
      return { outcome: "deleted" };
    }
    const revision = row.finalization_revision + 1;
    const ticket = await createFinalization(trx, request, revision, repairs > 0);
    return { outcome: "admitted", ticket };
  });
}

/** Hands untranscribed audio of this conversation to repair. True where another live session still holds some of it. */
async function settleAudio(trx: Db, request: AdmitRequest): Promise<boolean> {
  const behind = await untranscribed(trx, request.userId, request.conversationId);
  const heldElsewhere = behind.some(
    (session) =>
      session.id !== request.ownSessionId && session.lease_until !== null && session.lease_until > request.nowMs,
  );
  if (heldElsewhere) {
    await trx
      .updateTable("conversations")
      .set({ end_requested_at: new Date(request.nowMs) })
      .where("user_id", "=", request.userId)
      .where("id", "=", request.conversationId)
      .execute();
    return true;
  }
  for (const session of behind) await handOverGap(trx, request.userId, session.id, request.nowMs);
  return false;
}

/** Recording sessions that hold audio of this conversation ahead of their watermark, locked in the order of their ids. */
async function untranscribed(
  trx: Db,
  userId: string,
  conversationId: string,
): Promise<{ readonly id: string; readonly lease_until: number | null }[]> {
  return await trx
    .selectFrom("recording_sessions as session")
    .select(["id", "lease_until"])
    .where("user_id", "=", userId)
    .where((eb) =>
      eb.exists(
        eb
          .selectFrom("audio_chunks as chunk")
          .select("chunk.first_message")
          .whereRef("chunk.user_id", "=", "session.user_id")
          .whereRef("chunk.recording_session_id", "=", "session.id")
          .where("chunk.conversation_id", "=", conversationId)
          .where((inner) =>
            inner(
              inner("chunk.first_message", "+", inner.ref("chunk.message_count")),
              ">",
              inner.ref("session.transcribed_messages"),
            ),
          ),
      ),
    )
    .orderBy("id")
    .forUpdate()
    .execute();
}

async function openRepairs(trx: Db, userId: string, conversationId: string): Promise<number> {
  const row = await trx
    .selectFrom("jobs")
    .select((eb) => eb.fn.countAll<number>().as("n"))
    .where("user_id", "=", userId)
    .where("conversation_id", "=", conversationId)
    .where("kind", "=", "repair")
    .where("state", "in", ["queued", "leased", "blocked"])
    .executeTakeFirstOrThrow();
  return Number(row.n);
}

async function hasSegments(trx: Db, userId: string, conversationId: string): Promise<boolean> {
  const row = await trx
    .selectFrom("segments")
    .select("id")
    .where("user_id", "=", userId)
    .where("conversation_id", "=", conversationId)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

/**
 * Removes an open conversation in which nothing was said and nothing waits for its words: what a socket leaves that closes
 * without a word. Loses to content: whatever was written before, it stays.
 */
export async function removeIfEmpty(db: Db, userId: string, conversationId: string): Promise<boolean> {
  return await db.transaction().execute(async (trx) => {
    const row = await trx
      .selectFrom("conversations")
      .select("status")
      .where("user_id", "=", userId)
      .where("id", "=", conversationId)
      .where("deleted_at", "is", null)
      .forUpdate()
      .executeTakeFirst();
    if (row?.status !== "in_progress") return false;
    if ((await untranscribed(trx, userId, conversationId)).length > 0) return false;
    if ((await openRepairs(trx, userId, conversationId)) > 0) return false;
    if (await hasSegments(trx, userId, conversationId)) return false;
    await removeEmpty(trx, userId, conversationId);
    return true;
  });
}

/** Only audio that was judged silent can be left here: everything else would have become a repair job above. */
async function removeEmpty(trx: Db, userId: string, conversationId: string): Promise<void> {
  await trx
    .deleteFrom("audio_chunks")
    .where("user_id", "=", userId)
    .where("conversation_id", "=", conversationId)
    .execute();
  await trx.deleteFrom("conversations").where("user_id", "=", userId).where("id", "=", conversationId).execute();
}

async function createFinalization(
  trx: Db,
  request: AdmitRequest,
  revision: number,
  blocked: boolean,
): Promise<FinalizationTicket> {
  const jobId = deterministicUuid(request.userId, request.conversationId, "finalization", revision);
  const state = blocked ? "blocked" : "queued";
  await trx
    .updateTable("conversations")
    .set({
      status: sql`case when status = 'completed' then 'merging' when status = 'merging' then 'merging' else 'processing' end`,
      state_reason: blocked ? "awaiting_transcription" : "awaiting_processing",
      finalization_revision: revision,
      finalization_job_id: jobId,
      end_requested_at: null,
      updated_at: new Date(request.nowMs),
    })
    .where("user_id", "=", request.userId)
    .where("id", "=", request.conversationId)
    .execute();
  await enqueueJob(trx, {
    userId: request.userId,
    id: jobId,
    kind: "finalization",
    state,
    conversationId: request.conversationId,
    payload: { revision, trigger: request.trigger, force: request.force },
    reasonCode: blocked ? "awaiting_transcription" : null,
    dueMs: request.nowMs,
    nowMs: request.nowMs,
  });
  return { jobId, generation: 1, state };
}

/**
 * Asks for a new summary of a conversation whose transcript changed or that a person wants again, whatever its state except
 * open or deleted. Inside the caller's transaction.
 */
export async function requestFinalization(
  trx: Db,
  request: Omit<AdmitRequest, "unlessSpokenAfterMs" | "ownSessionId">,
): Promise<FinalizationTicket | undefined> {
  const row = await trx
    .selectFrom("conversations")
    .select("finalization_revision")
    .where("user_id", "=", request.userId)
    .where("id", "=", request.conversationId)
    .where("deleted_at", "is", null)
    .forUpdate()
    .executeTakeFirst();
  if (row === undefined) return undefined;
  return await createFinalization(trx, request, row.finalization_revision + 1, false);
}

export interface EnrichmentRequest {
  readonly userId: string;
  readonly conversationId: string;
  /** The finalisation that is about to end with a basic summary only. */
  readonly afterJobId: string;
  readonly delayMs: number;
  readonly nowMs: number;
}

/**
 * Plans a better summary of a conversation that gets a basic one now. Called before `finishConversation`, so that no crash
 * between the two can lose the intent (law L1); the id follows from the job it comes after, so a repeated run plans nothing
 * twice. The conversation is not touched until the job adopts it, and stays `completed` all the time.
 */
export async function requestEnrichment(db: Db, request: EnrichmentRequest): Promise<string> {
  const jobId = deterministicUuid(request.userId, request.conversationId, "enrichment", request.afterJobId);
  await enqueueJob(db, {
    userId: request.userId,
    id: jobId,
    kind: "finalization",
    conversationId: request.conversationId,
    payload: { trigger: "enrich", force: true, after: request.afterJobId },
    dueMs: request.nowMs + request.delayMs,
    nowMs: request.nowMs,
  });
  return jobId;
}

/**
 * Makes an enrichment the job that may write the conversation, if it is still completed by the job the enrichment comes after.
 * `early`: that job has not ended yet. `obsolete`: something newer happened, or it is gone; there is nothing to do.
 *
 * Locks: the conversation row.
 */
export async function adoptEnrichment(db: Db, job: Job, nowMs: number): Promise<"adopted" | "early" | "obsolete"> {
  return await db.transaction().execute(async (trx) => {
    const conversation = trx
      .selectFrom("conversations")
      .select(["status", "discarded", "summary_kind", "finalization_job_id", "finalization_revision"])
      .where("user_id", "=", job.userId)
      .where("id", "=", job.conversationId ?? "")
      .where("deleted_at", "is", null);
    const row = await conversation.forUpdate().executeTakeFirst();
    if (row?.finalization_job_id === job.id) return "adopted";
    if (row === undefined || row.discarded || row.finalization_job_id !== job.payload.after) return "obsolete";
    if (row.status !== "completed") return row.status === "failed" ? "obsolete" : "early";
    if (row.summary_kind !== "basic") return "obsolete";
    await trx
      .updateTable("conversations")
      .set({
        finalization_job_id: job.id,
        finalization_revision: row.finalization_revision + 1,
        updated_at: new Date(nowMs),
      })
      .where("user_id", "=", job.userId)
      .where("id", "=", job.conversationId ?? "")
      .execute();
    return "adopted";
  });
}
