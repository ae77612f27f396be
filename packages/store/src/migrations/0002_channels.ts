/**
 * Recordings of several channels (a call: microphone and the other side). Their messages share one count, so that durability
 * and replay work as for one channel, but each channel has its own recogniser and therefore its own watermark.
 */
import { type Kysely, sql } from "kysely";

const STATEMENTS = [
  `alter table audio_chunks add column channels smallint not null default 1`,
  `alter table recording_sessions add column channel_marks jsonb`,
  `alter table conversations add column call_id text`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
