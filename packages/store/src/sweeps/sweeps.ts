/**
 * What time alone must move: conversations whose silence ran out without any session, audio whose gateway died, audio and
 * jobs that are no longer needed. Each query finds a bounded page; the caller handles each row on its own, so that one bad
 * row stops nothing else (law L5).
 */
import { sql } from "kysely";
import type { Db } from "../database.ts";
import { handOverGap } from "../recordings/hand-over.ts";
import { keepContentResult } from "../uploads/contents.ts";

/** Of a row of jobs: the export of a conversation that a person deleted. */
const UNWANTED_EXPORT = sql<boolean>`(kind = 'audio_export' and exists (select 1 from conversations c
  where c.user_id = jobs.user_id and c.id = jobs.conversation_id
    and c.deleted_at is not null and c.sync_merged_into is null))`;

/** Of a row of jobs: an export still has to keep sound of this upload. */
const HOLDS_SOUND = sql<boolean>`exists (select 1 from pieces_to_keep p
  where p.user_id = jobs.user_id and p.job_id = jobs.id and p.export_id is not null)`;

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/u;

export interface SilentConversation {
  readonly userId: string;
  readonly conversationId: string;
}

/** Open live conversations that are over and that no live session holds. */
export async function findSilentConversations(db: Db, nowMs: number, limit: number): Promise<SilentConversation[]> {
  const now = new Date(nowMs);
  const { rows } = await sql<{ user_id: string; id: string }>`
    select c.user_id, c.id from conversations c
    where c.status = 'in_progress' and c.origin = 'live' and c.deleted_at is null
      and (c.end_requested_at is not null or c.finished_at + c.silence_timeout_ms * interval '1 millisecond' <= ${now})
      and not exists (select 1 from recording_sessions s
        where s.user_id = c.user_id and s.conversation_id = c.id and s.lease_until > ${now})
    order by c.finished_at limit ${limit}`.execute(db);
  return rows.map((row) => ({ userId: row.user_id, conversationId: row.id }));
}

export interface AbandonedRecording {
  readonly userId: string;
  readonly sessionId: string;
}

/** Sessions with untranscribed audio whose lease ran out before `beforeMs`, or which were given up before then. */
export async function findAbandonedRecordings(db: Db, beforeMs: number, limit: number): Promise<AbandonedRecording[]> {
  const { rows } = await sql<{ user_id: string; id: string }>`
    select user_id, id from recording_sessions
    where transcribed_messages < durable_messages and ${isAbandoned(beforeMs)}
    limit ${limit}`.execute(db);
  return rows.map((row) => ({ userId: row.user_id, sessionId: row.id }));
}

/**
 * Gives the untranscribed audio of such a session to gap repair, and fences whoever still believes to hold it. False where
 * somebody took it up meanwhile.
 *
 * Locks: the recording session row, then new job rows.
 */
export async function handOverRecording(
  db: Db,
  { userId, sessionId }: AbandonedRecording,
  beforeMs: number,
  nowMs: number,
): Promise<boolean> {
  return await db.transaction().execute(async (trx) => {
    const fenced = await sql`update recording_sessions set epoch = epoch + 1, lease_until = null
      where user_id = ${userId} and id = ${sessionId} and ${isAbandoned(beforeMs)}`.execute(trx);
    if (fenced.numAffectedRows !== 1n) return false;
    await handOverGap(trx, userId, sessionId, nowMs);
    return true;
  });
}

function isAbandoned(beforeMs: number) {
  const before = new Date(beforeMs);
  return sql`(lease_until <= ${before} or (lease_until is null and updated_at <= ${before}))`;
}

/**
 * Frees live audio of conversations that are completed, fully transcribed, and exported where that is wanted. Returns the number
 * of chunks.
 */
export async function freeTranscribedAudio(db: Db, limit: number): Promise<number> {
  const result = await sql`
    delete from audio_chunks a using (
      select a.user_id, a.recording_session_id, a.first_message from audio_chunks a
      left join conversations c on c.user_id = a.user_id and c.id = a.conversation_id
      left join recording_sessions s on s.user_id = a.user_id and s.id = a.recording_session_id
      where (c.id is null or c.deleted_at is not null or c.status = 'completed')
        and a.first_message + a.message_count <= coalesce(s.transcribed_messages, 0)
        and not exists (select 1 from jobs j where j.user_id = a.user_id and j.conversation_id = a.conversation_id
          and j.kind in ('repair', 'audio_export') and j.state <> 'completed' and not j.payload ? 'upload_job_id')
      limit ${limit}) gone
    where a.user_id = gone.user_id and a.recording_session_id = gone.recording_session_id
      and a.first_message = gone.first_message`.execute(db);
  return Number(result.numAffectedRows ?? 0n);
}

/**
 * Jobs past their retention, whose bytes may go. A repair or an export of sound that gave up stays: it is what keeps the audio
 * that it could not use, unless a person deleted the conversation it is for. So does an upload whose sound is still to be kept.
 */
export async function findExpiredJobs(
  db: Db,
  beforeMs: number,
  limit: number,
): Promise<{ readonly userId: string; readonly id: string; readonly kind: string }[]> {
  const rows = await db
    .selectFrom("jobs")
    .select(["user_id", "id", "kind"])
    .where("completed_at", "<", sql<number>`${new Date(beforeMs)}`)
    .where((eb) =>
      eb.or([eb("kind", "not in", ["repair", "audio_export"]), eb("state", "=", "completed"), UNWANTED_EXPORT]),
    )
    .where((eb) => eb.not(HOLDS_SOUND))
    .limit(limit)
    .execute();
  return rows.map((row) => ({ userId: row.user_id, id: row.id, kind: row.kind }));
}

/**
 * How an upload ended is kept with its content, so that a repeat is still recognised.
 *
 * Locks: the content row, then the job row. It is final, so nobody who ends a job holds it the other way round.
 */
export async function deleteJob(db: Db, userId: string, id: string): Promise<void> {
  await db.transaction().execute(async (trx) => {
    await keepContentResult(trx, { userId, id });
    await trx.deleteFrom("jobs").where("user_id", "=", userId).where("id", "=", id).execute();
  });
}

/** Those of the ids under which there is no job of anybody. What is no id of a job is left out. */
export async function jobsWithoutRow(db: Db, ids: readonly string[]): Promise<string[]> {
  const uuids = ids.filter((id) => UUID.test(id));
  const { rows } = await sql<{ id: string }>`select id from unnest(${uuids}::uuid[]) as asked (id)
    where not exists (select 1 from jobs where jobs.id = asked.id)`.execute(db);
  return rows.map((row) => row.id);
}

/** Those of the ids under which an upload is completed that needs its bytes no more: what is kept of its sound is safe. */
export async function completedUploads(db: Db, ids: readonly string[]): Promise<string[]> {
  const uuids = ids.filter((id) => UUID.test(id));
  const { rows } = await sql<{ id: string }>`select id from jobs
    where id = any(${uuids}::uuid[]) and kind = 'sync' and state = 'completed' and not ${HOLDS_SOUND}`.execute(db);
  return rows.map((row) => row.id);
}
