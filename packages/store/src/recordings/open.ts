/**
 * A recording session: one continuous recording of one client, over as many sockets as the network makes of it. Its numbers
 * are counts of audio messages: `durable` of them are in the store, `transcribed` of them are either turned into words or
 * owned by a gap-repair job. Each socket that takes the session over raises its epoch; the one before can then write nothing.
 */
import { sql } from "kysely";
import type { Db } from "../database.ts";

export interface OpenRecordingRequest {
  readonly userId: string;
  readonly id: string;
  readonly codec: string;
  readonly sampleRate: number;
  readonly language: string;
  readonly nowMs: number;
  readonly leaseMs: number;
}

export interface RecordingHold {
  readonly userId: string;
  readonly id: string;
  readonly epoch: number;
  readonly durableMessages: number;
  readonly transcribedMessages: number;
  /** For several channels: messages of a channel before this count have their words. */
  readonly channelMarks: ChannelMarks;
}

/** By number of the channel, which is a byte. */
export type ChannelMarks = Readonly<Record<string, number>>;

/** How far the words of a recording have got. */
export interface Watermark {
  /** Messages of the recording before this count have their words, or had none. */
  readonly transcribedMessages: number;
  readonly channelMarks?: ChannelMarks | undefined;
}

export async function openRecording(db: Db, request: OpenRecordingRequest): Promise<RecordingHold> {
  const now = new Date(request.nowMs);
  const until = new Date(request.nowMs + request.leaseMs);
  const row = await db
    .insertInto("recording_sessions")
    .values({
      user_id: request.userId,
      id: request.id,
      codec: request.codec,
      sample_rate: request.sampleRate,
      layout: "linear8",
      language: request.language,
      conversation_id: null,
      lease_until: until,
      created_at: now,
      updated_at: now,
    })
    .onConflict((conflict) =>
      conflict.columns(["user_id", "id"]).doUpdateSet({
        epoch: sql`recording_sessions.epoch + 1`,
        transcribed_messages: sql`case when recording_sessions.words_by_client
          then recording_sessions.durable_messages else recording_sessions.transcribed_messages end`,
        words_by_client: false,
        codec: request.codec,
        sample_rate: request.sampleRate,
        language: request.language,
        lease_until: until,
        updated_at: now,
      }),
    )
    .returning(["epoch", "durable_messages", "transcribed_messages", "channel_marks"])
    .executeTakeFirstOrThrow();
  return {
    userId: request.userId,
    id: request.id,
    epoch: row.epoch,
    durableMessages: row.durable_messages,
    transcribedMessages: row.transcribed_messages,
    channelMarks: row.channel_marks ?? {},
  };
}

type HoldKey = Pick<RecordingHold, "userId" | "id" | "epoch">;

/** Extends the lease. False where another socket took it over. */
export async function renewRecording(db: Db, hold: HoldKey, nowMs: number, leaseMs: number): Promise<boolean> {
  const result = await held(db, hold)
    .set({ lease_until: new Date(nowMs + leaseMs), updated_at: new Date(nowMs) })
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

/** From now on the client brings the words itself: what is durable needs no recogniser and no repair. */
export async function expectClientWords(db: Db, hold: HoldKey): Promise<void> {
  await held(db, hold).set({ words_by_client: true }).execute();
}

/** Ends the lease: from now on the next socket, the sweeper or an admission may deal with what is left. */
export async function releaseRecording(db: Db, hold: HoldKey, nowMs: number): Promise<void> {
  await held(db, hold)
    .set({ lease_until: null, updated_at: new Date(nowMs) })
    .execute();
}

/** Moves the watermark over audio that was judged silent. False where another socket took the session over. */
export async function advanceWatermark(db: Db, hold: HoldKey, watermark: Watermark): Promise<boolean> {
  const result = await held(db, hold).set(movedTo(watermark)).executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

/** The columns of a watermark that only moves forward, and never beyond what is durable. */
export function movedTo({ transcribedMessages, channelMarks }: Watermark) {
  return {
    transcribed_messages: sql<number>`greatest(transcribed_messages, least(${transcribedMessages}, durable_messages))`,
    ...(channelMarks === undefined ? {} : { channel_marks: JSON.stringify(channelMarks) }),
  };
}

/** The watermark as the store has it: messages transcribed or owned by a repair. */
export async function transcribedMessages(db: Db, hold: HoldKey): Promise<number> {
  const row = await db
    .selectFrom("recording_sessions")
    .select("transcribed_messages")
    .where("user_id", "=", hold.userId)
    .where("id", "=", hold.id)
    .executeTakeFirst();
  return row?.transcribed_messages ?? 0;
}

/** The session's row, as long as it is ours. */
export function held(db: Db, hold: HoldKey) {
  return db
    .updateTable("recording_sessions")
    .where("user_id", "=", hold.userId)
    .where("id", "=", hold.id)
    .where("epoch", "=", hold.epoch);
}
