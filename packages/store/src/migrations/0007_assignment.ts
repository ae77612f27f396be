/**
 * Offline speech in conversations. A conversation that became part of another one is a tombstone that says which
 * (`sync_merged_into`); `sync_content_revision` counts what uploads wrote to a row; `sync_relevance` says whether the words of
 * an upload are worth a summary. `sync_pieces` remembers each piece of sound that was judged, and where its words went, so
 * that the same sound in another upload costs nothing and does not bring back what a person deleted. `piece_id` tells words of
 * uploads from words that were heard live.
 */
import { type Kysely, sql } from "kysely";

const STATEMENTS = [
  `alter table conversations add column geolocation jsonb`,
  `alter table conversations add column sync_merged_into text`,
  `alter table conversations add column sync_content_revision integer not null default 0`,
  `alter table conversations add column sync_relevance text check (sync_relevance in ('keep', 'review'))`,
  `alter table conversations add constraint conversations_merged_are_deleted
    check (sync_merged_into is null or deleted_at is not null)`,
  `create index conversations_sync on conversations (user_id, finished_at) where origin = 'sync' and deleted_at is null`,
  `create index conversations_recording on conversations (user_id, recording_session_id)
    where recording_session_id is not null`,
  `alter table segments add column piece_id uuid`,
  `create table sync_pieces (
    user_id text not null,
    id uuid not null,
    conversation_ids text[] not null,
    created_at timestamptz not null,
    primary key (user_id, id)
  )`,
  `create index sync_pieces_age on sync_pieces (created_at)`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
