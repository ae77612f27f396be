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
import { lockedConversation } from "./lock.ts";

export interface AdmitRequest {
  readonly userId: string;
  readonly conversationId: string;
  /** What asked for the end, for logs and for the finaliser. */
  readonly trigger: "silence" | "stop" | "finalize" | "disconnect" | "sweep";
  /** Never discard it as worthless (a person pressed stop). */
  readonly force: boolean;
  /** The caller's own recording session, whose lease does not keep others out. */
  readonly ownSessionId?: string;
  /** The caller's hold of it; one that was taken over meanwhile is not his own any more. */
  readonly ownEpoch?: number;
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
    const row = await lockedConversation(trx, userId, conversationId)
      .select(["status", "finished_at", "language", "finalization_revision"])
      .executeTakeFirst();
    if (row === undefined) return { outcome: "missing" };
    if (row.status !== "in_progress") return { outcome: "not_open", status: row.status };
    if (request.unlessSpokenAfterMs !== undefined && row.finished_at > request.unlessSpokenAfterMs) {
      return { outcome: "still_active" };
    }
    const recordings = await lockRecordings(trx, userId, conversationId);
    const elsewhere = recordings.filter((recording) => isHeldElsewhere(recording, request));
    if (elsewhere.some((recording) => recording.behind)) return await askToEnd(trx, request);
    for (const recording of recordings) {
      const holderEpoch = isOwn(recording, request) ? recording.epoch : undefined;
      if (recording.behind) await handOverGap(trx, userId, recording.id, request.nowMs, holderEpoch);
    }
    const repairs = await openRepairs(trx, userId, conversationId);
    if (repairs === 0 && !(await hasContent(trx, userId, conversationId))) {
      // What it says next must find a row to belong to.
      if (elsewhere.length > 0) return await askToEnd(trx, request);
      await removeEmpty(trx, request, recordings);
      return { outcome: "deleted" };
    }
    const revision = row.finalization_revision + 1;
    const ticket = await createFinalization(trx, request, revision, repairs > 0);
    return { outcome: "admitted", ticket };
  });
}

interface LockedRecording {
  readonly id: string;
  readonly epoch: number;
  readonly lease_until: number | null;
  /** It holds sound of the conversation that has no words yet. */
  readonly behind: boolean;
}

/**
 * Recording sessions that hold sound of this conversation or write to it, locked in the order of their ids, so that no sound
 * comes in until this transaction ends. What they hold is read afterwards: it may have grown while the lock was waited for.
 */
async function lockRecordings(trx: Db, userId: string, conversationId: string): Promise<LockedRecording[]> {
  await sql`select 1 from recording_sessions
    where user_id = ${userId} and (conversation_id = ${conversationId} or id in (select recording_session_id
      from audio_chunks where user_id = ${userId} and conversation_id = ${conversationId}))
    order by id for update`.execute(trx);
  const { rows } = await sql<LockedRecording>`
    select s.id, s.epoch, s.lease_until, coalesce(c.last_message > s.transcribed_messages, false) as behind
    from recording_sessions s left join (
      select recording_session_id, max(first_message + message_count) as last_message from audio_chunks
      where user_id = ${userId} and conversation_id = ${conversationId} group by recording_session_id
    ) c on c.recording_session_id = s.id
    where s.user_id = ${userId} and (s.conversation_id = ${conversationId} or c.recording_session_id is not null)
    order by s.id`.execute(trx);
  return rows;
}

type Ending = Pick<AdmitRequest, "userId" | "conversationId" | "ownSessionId" | "ownEpoch" | "nowMs">;

function isOwn({ id, epoch }: LockedRecording, { ownSessionId, ownEpoch }: Ending): boolean {
  return id === ownSessionId && (ownEpoch === undefined || ownEpoch === epoch);
}

function isHeldElsewhere(recording: LockedRecording, request: Ending): boolean {
  const { lease_until } = recording;
  return !isOwn(recording, request) && lease_until !== null && lease_until > request.nowMs;
}

/** The live session that holds the conversation sees this within seconds, and ends it itself. */
async function askToEnd(
  trx: Db,
  { userId, conversationId, nowMs }: Ending,
): Promise<{ readonly outcome: "requested" }> {
  await trx
    .updateTable("conversations")
    .set({ end_requested_at: new Date(nowMs) })
    .where("user_id", "=", userId)
    .where("id", "=", conversationId)
    .execute();
  return { outcome: "requested" };
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

/** Words or pictures: both make a conversation (reference 4.5). */
async function hasContent(trx: Db, userId: string, conversationId: string): Promise<boolean> {
  const { rows } = await sql<{ present: boolean }>`
    select exists (select 1 from segments where user_id = ${userId} and conversation_id = ${conversationId})
      or exists (select 1 from photos where user_id = ${userId} and conversation_id = ${conversationId}) as present`.execute(
    trx,
  );
  return rows[0]?.present === true;
}

/**
 * Removes an open conversation in which nothing was said and nothing waits for its words: what a socket leaves that closes
 * without a word. Loses to content: whatever was written before, it stays, and so does what another live session may still
 * write to.
 */
export async function removeIfEmpty(db: Db, request: Ending): Promise<boolean> {
  const { userId, conversationId } = request;
  return await db.transaction().execute(async (trx) => {
    const row = await lockedConversation(trx, userId, conversationId).select("status").executeTakeFirst();
    if (row?.status !== "in_progress") return false;
    const recordings = await lockRecordings(trx, userId, conversationId);
    if (recordings.some((recording) => recording.behind || isHeldElsewhere(recording, request))) return false;
    if ((await openRepairs(trx, userId, conversationId)) > 0) return false;
    if (await hasContent(trx, userId, conversationId)) return false;
    await removeEmpty(trx, request, recordings);
    return true;
  });
}

/**
 * Only audio that was judged silent can be left here: everything else would have become a repair job above. A session whose
 * lease ran out, but which lives and wants to write on, is fenced: its client begins anew and sends again what was not durable.
 */
async function removeEmpty(trx: Db, request: Ending, recordings: readonly LockedRecording[]): Promise<void> {
  const { userId, conversationId } = request;
  const others = recordings.filter((recording) => !isOwn(recording, request)).map(({ id }) => id);
  if (others.length > 0) {
    await trx
      .updateTable("recording_sessions")
      .set({ epoch: sql`epoch + 1`, lease_until: null })
      .where("user_id", "=", userId)
      .where("id", "in", others)
      .execute();
  }
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
      upload_job_id: null,
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
 * open or deleted. It waits where some of the words are still to come. Inside the caller's transaction.
 */
export async function requestFinalization(
  trx: Db,
  request: Omit<AdmitRequest, "unlessSpokenAfterMs" | "ownSessionId" | "ownEpoch">,
): Promise<FinalizationTicket | undefined> {
  const row = await lockedConversation(trx, request.userId, request.conversationId)
    .select("finalization_revision")
    .executeTakeFirst();
  if (row === undefined) return undefined;
  const repairs = await openRepairs(trx, request.userId, request.conversationId);
  return await createFinalization(trx, request, row.finalization_revision + 1, repairs > 0);
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
    const row = await lockedConversation(trx, job.userId, job.conversationId)
      .select(["status", "discarded", "summary_kind", "finalization_job_id", "finalization_revision"])
      .executeTakeFirst();
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
