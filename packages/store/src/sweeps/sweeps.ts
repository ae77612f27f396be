/**
 * What time alone must move: conversations whose silence ran out without any session, audio whose gateway died, audio and
 * jobs that are no longer needed. Each query finds a bounded page; the caller handles each row on its own, so that one bad
 * row stops nothing else (law L5).
 */
import { sql } from "kysely";
import type { Db } from "../database.ts";
import { handOverGap } from "../recordings/hand-over.ts";

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

/**
 * Gives the untranscribed audio of sessions whose lease ran out (`graceMs` ago, or which was given up that long ago) to gap
 * repair. Returns how many sessions.
 */
export async function handOverAbandoned(db: Db, nowMs: number, graceMs: number, limit: number): Promise<number> {
  const before = new Date(nowMs - graceMs);
  const { rows } = await sql<{ user_id: string; id: string }>`
    select user_id, id from recording_sessions
    where transcribed_messages < durable_messages
      and (lease_until <= ${before} or (lease_until is null and updated_at <= ${before}))
    limit ${limit}`.execute(db);
  for (const row of rows) {
    await db.transaction().execute(async (trx) => {
      const { rows: still } = await sql`select 1 from recording_sessions
        where user_id = ${row.user_id} and id = ${row.id}
          and (lease_until <= ${before} or (lease_until is null and updated_at <= ${before})) for update`.execute(trx);
      if (still.length === 0) return;
      await sql`update recording_sessions set epoch = epoch + 1, lease_until = null
        where user_id = ${row.user_id} and id = ${row.id}`.execute(trx);
      await handOverGap(trx, row.user_id, row.id, nowMs);
    });
  }
  return rows.length;
}

/** Frees live audio of conversations that are completed and fully transcribed. Returns the number of chunks. */
export async function freeTranscribedAudio(db: Db, limit: number): Promise<number> {
  const result = await sql`
    delete from audio_chunks a using (
      select a.user_id, a.recording_session_id, a.first_message from audio_chunks a
      left join conversations c on c.user_id = a.user_id and c.id = a.conversation_id
      left join recording_sessions s on s.user_id = a.user_id and s.id = a.recording_session_id
      where (c.id is null or c.deleted_at is not null or c.status = 'completed')
        and a.first_message + a.message_count <= coalesce(s.transcribed_messages, 0)
        and not exists (select 1 from jobs j where j.user_id = a.user_id and j.conversation_id = a.conversation_id
          and j.kind = 'repair' and j.state <> 'completed')
      limit ${limit}) gone
    where a.user_id = gone.user_id and a.recording_session_id = gone.recording_session_id
      and a.first_message = gone.first_message`.execute(db);
  return Number(result.numAffectedRows ?? 0n);
}

/** Jobs past their retention, whose bytes may go. A repair that gave up stays: it is what keeps its untranscribed audio. */
export async function findExpiredJobs(
  db: Db,
  beforeMs: number,
  limit: number,
): Promise<{ readonly userId: string; readonly id: string; readonly kind: string }[]> {
  const rows = await db
    .selectFrom("jobs")
    .select(["user_id", "id", "kind"])
    .where("completed_at", "<", sql<number>`${new Date(beforeMs)}`)
    .where((eb) => eb.or([eb("kind", "!=", "repair"), eb("state", "=", "completed")]))
    .limit(limit)
    .execute();
  return rows.map((row) => ({ userId: row.user_id, id: row.id, kind: row.kind }));
}

export async function deleteJob(db: Db, userId: string, id: string): Promise<void> {
  await db.deleteFrom("jobs").where("user_id", "=", userId).where("id", "=", id).execute();
}
