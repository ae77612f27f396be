/**
 * Makes chunks of many recording sessions durable in one statement, at most one chunk of each session. It promises for every
 * chunk what `append-chunk.ts` promises for one; a process with hundreds of sockets commits a few times a second instead of
 * hundreds of times.
 *
 * Locks: the session rows that are free now. Rows that others hold (a final being stored, an admission) are passed over, so
 * that this statement waits for nobody and cannot deadlock; their chunks come back as `busy`, to be tried again.
 */
import { sql } from "kysely";
import type { Db } from "../database.ts";
import type { AudioChunk } from "./append-chunk.ts";

/** `fenced`: another socket took the session over. Nothing was written for `fenced` and `busy`. */
export type AppendOutcome = "stored" | "fenced" | "busy";

/** Outcomes in the order of the chunks. */
export async function appendChunks(
  db: Db,
  chunks: readonly AudioChunk[],
  at: { readonly nowMs: number; readonly leaseMs: number },
): Promise<AppendOutcome[]> {
  if (chunks.length === 0) return [];
  const stored = await insertFree(db, chunks, at);
  const outcomes = chunks.map((chunk): AppendOutcome | undefined => (stored.has(keyOf(chunk)) ? "stored" : undefined));
  const open = chunks.filter((_, index) => outcomes[index] === undefined);
  const looked = open.length === 0 ? new Map<string, AppendOutcome>() : await lookAgain(db, open);
  return chunks.map((chunk, index) => outcomes[index] ?? looked.get(keyOf(chunk)) ?? "fenced");
}

async function insertFree(
  db: Db,
  chunks: readonly AudioChunk[],
  at: { readonly nowMs: number; readonly leaseMs: number },
): Promise<ReadonlySet<string>> {
  const column = <T>(of: (chunk: AudioChunk) => T): T[] => chunks.map(of);
  const offsets: number[] = [];
  let bytes = 0;
  for (const { payload } of chunks) {
    offsets.push(bytes);
    bytes += payload.length;
  }
  // One binary parameter, cut by the server: an array of byte strings would cross the wire as text, twice as long.
  const blob = Buffer.concat(column(({ payload }) => payload));
  const { rows } = await sql<{ user_id: string; recording_session_id: string }>`
    with input as (
      select * from unnest(
        ${column((chunk) => chunk.userId)}::text[], ${column((chunk) => chunk.sessionId)}::text[],
        ${column((chunk) => chunk.epoch)}::int[], ${column((chunk) => chunk.firstMessage)}::bigint[],
        ${column((chunk) => chunk.messageCount)}::int[], ${column((chunk) => chunk.durationMs)}::float8[],
        ${column((chunk) => new Date(chunk.capturedAtMs))}::timestamptz[],
        ${column((chunk) => chunk.conversationId)}::text[], ${column((chunk) => chunk.codec)}::text[],
        ${column((chunk) => chunk.sampleRate)}::int[], ${column((chunk) => chunk.layout)}::text[],
        ${column((chunk) => chunk.channels)}::smallint[], ${offsets}::int[],
        ${column((chunk) => chunk.payload.length)}::int[]
      ) as t (user_id, session_id, epoch, first_message, message_count, duration_ms, captured_at, conversation_id, codec,
        sample_rate, layout, channels, at, bytes)
    ), free as (
      select s.user_id, s.id from recording_sessions s
      join input i on s.user_id = i.user_id and s.id = i.session_id
      where s.epoch = i.epoch and s.durable_messages = i.first_message
      for update of s skip locked
    ), held as (
      update recording_sessions s set durable_messages = i.first_message + i.message_count,
        conversation_id = i.conversation_id, lease_until = ${new Date(at.nowMs + at.leaseMs)},
        updated_at = ${new Date(at.nowMs)}
      from input i join free f on f.user_id = i.user_id and f.id = i.session_id
      where s.user_id = f.user_id and s.id = f.id
      returning s.user_id, s.id
    )
    insert into audio_chunks (user_id, recording_session_id, first_message, message_count, duration_ms, captured_at,
      conversation_id, codec, sample_rate, layout, channels, payload)
    select i.user_id, i.session_id, i.first_message, i.message_count, i.duration_ms, i.captured_at, i.conversation_id,
      i.codec, i.sample_rate, i.layout, i.channels, substring(${blob}::bytea from i.at + 1 for i.bytes)
    from input i join held h on h.user_id = i.user_id and h.id = i.session_id
    returning user_id, recording_session_id`.execute(db);
  return new Set(rows.map((row) => JSON.stringify([row.user_id, row.recording_session_id])));
}

/** Why a chunk was not inserted: it is there already (a lost answer), the session has another holder, or it was locked. */
async function lookAgain(db: Db, chunks: readonly AudioChunk[]): Promise<Map<string, AppendOutcome>> {
  const { rows } = await sql<{ user_id: string; id: string; epoch: number; durable_messages: number }>`
    select s.user_id, s.id, s.epoch, s.durable_messages from recording_sessions s
    join unnest(${chunks.map((chunk) => chunk.userId)}::text[], ${chunks.map((chunk) => chunk.sessionId)}::text[])
      as t (user_id, id) on s.user_id = t.user_id and s.id = t.id`.execute(db);
  const sessions = new Map(rows.map((row) => [JSON.stringify([row.user_id, row.id]), row]));
  const outcomes = new Map<string, AppendOutcome>();
  for (const chunk of chunks) {
    const session = sessions.get(keyOf(chunk));
    if (session === undefined || session.epoch !== chunk.epoch) outcomes.set(keyOf(chunk), "fenced");
    else if (session.durable_messages >= chunk.firstMessage + chunk.messageCount) outcomes.set(keyOf(chunk), "stored");
    else outcomes.set(keyOf(chunk), session.durable_messages === chunk.firstMessage ? "busy" : "fenced");
  }
  return outcomes;
}

function keyOf(chunk: AudioChunk): string {
  return JSON.stringify([chunk.userId, chunk.sessionId]);
}
