/**
 * What the accept path of uploads keeps: secrets of this server, claims of live captures, resumable uploads, and of each
 * content that was ever accepted how it ended, so that a repeat is recognised after its job is gone and content that fails
 * again and again can rest.
 */
import { type Kysely, sql } from "kysely";

const STATEMENTS = [
  `create table server_secrets (
    name text primary key,
    secret bytea not null,
    created_at timestamptz not null
  )`,
  `create table capture_claims (
    user_id text not null,
    conversation_id text not null,
    file_set text not null,
    claimed_at timestamptz not null,
    primary key (user_id, conversation_id)
  )`,
  `create table resumable_uploads (
    user_id text not null,
    id uuid not null,
    name text not null,
    length bigint not null check (length >= 0),
    received bigint not null default 0 check (received between 0 and length),
    facts jsonb not null,
    batch text,
    batch_files integer not null default 1,
    epoch integer not null default 0,
    blob_key text,
    sha256 text,
    job_id uuid,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    primary key (user_id, id)
  )`,
  `create index resumable_uploads_batch on resumable_uploads (user_id, batch) where batch is not null`,
  `create index resumable_uploads_expiry on resumable_uploads (expires_at)`,
  `create index resumable_uploads_whole on resumable_uploads (created_at) where sha256 is not null and job_id is null`,
  `alter table sync_contents add column result jsonb`,
  `alter table sync_contents add column failure_cause text`,
  `alter table sync_contents add column failure_count integer not null default 0`,
  `alter table sync_contents add column failure_first_at timestamptz`,
  `alter table sync_contents add column paused_until timestamptz`,
  `create index sync_contents_age on sync_contents (created_at)`,
  `create index sync_contents_job on sync_contents (user_id, job_id)`,
  `create index jobs_sync_waiting on jobs (user_id) where kind = 'sync' and state in ('queued', 'leased')`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
