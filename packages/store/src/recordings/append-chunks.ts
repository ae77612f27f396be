/**
 * Makes runs of audio messages durable: one chunk, or the chunks of many recording sessions in one statement, so that a process
 * with hundreds of sockets commits a few times a second instead of hundreds of times. Only after a chunk is `stored` may
 * anybody be told so (laws L1, L8).
 *
 * A session row is updated only if the epoch and the count still fit, and its chunk is inserted only then, so two sockets of
 * one session can never both write, and a repeated call after a lost answer is recognised.
 *
 * Locks: the session rows. With many chunks, rows that others hold (a final being stored, an admission) are passed over, so
 * that the statement waits for nobody and cannot deadlock; a single chunk waits for its one row.
 */
import { type RawBuilder, sql } from "kysely";
import type { Db } from "../database.ts";

export interface AudioChunk {
  readonly userId: string;
  readonly sessionId: string;
  readonly epoch: number;
  /** Number of audio messages of the session before this chunk. */
  readonly firstMessage: number;
  readonly messageCount: number;
  readonly durationMs: number;
  /** Wall time of its first sample, Unix milliseconds. */
  readonly capturedAtMs: number;
  readonly conversationId: string;
  readonly codec: string;
  readonly sampleRate: number;
  readonly layout: string;
  /** More than 1: the first byte of every message is the number of its channel. */
  readonly channels: number;
  /** Messages in the container of `writeFrames`. */
  readonly payload: Uint8Array;
}

interface At {
  readonly nowMs: number;
  readonly leaseMs: number;
}

/** `fenced`: another socket took the session over. Nothing was written for `fenced` and `busy`. */
export type AppendOutcome = "stored" | "fenced" | "busy";

/** Waits for the session row if somebody holds it. */
export async function appendChunk(db: Db, chunk: AudioChunk, at: At): Promise<"stored" | "fenced"> {
  const [outcome] = await append(db, [chunk], at, sql``);
  return outcome === "stored" ? "stored" : "fenced";
}

/** At most one chunk of each session; outcomes in the order of the chunks. `busy`: try it again. */
export async function appendChunks(db: Db, chunks: readonly AudioChunk[], at: At): Promise<AppendOutcome[]> {
  return chunks.length === 0 ? [] : await append(db, chunks, at, sql`skip locked`);
}

async function append(
  db: Db,
  chunks: readonly AudioChunk[],
  at: At,
  ofLocked: RawBuilder<unknown>,
): Promise<AppendOutcome[]> {
  const stored = await insert(db, chunks, at, ofLocked);
  const outcomes = chunks.map((chunk): AppendOutcome | undefined => (stored.has(keyOf(chunk)) ? "stored" : undefined));
  const open = chunks.filter((_, index) => outcomes[index] === undefined);
  const looked = open.length === 0 ? new Map<string, AppendOutcome>() : await lookAgain(db, open);
  return chunks.map((chunk, index) => outcomes[index] ?? looked.get(keyOf(chunk)) ?? "fenced");
}

async function insert(
  db: Db,
  chunks: readonly AudioChunk[],
  at: At,
  ofLocked: RawBuilder<unknown>,
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
      for update of s ${ofLocked}
    ), held as (
      update recording_sessions s set durable_messages = i.first_message + i.message_count,
        lease_until = ${new Date(at.nowMs + at.leaseMs)}, updated_at = ${new Date(at.nowMs)}
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
