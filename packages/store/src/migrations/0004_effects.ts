/**
 * Side effects of a finished conversation: webhooks and what became of their deliveries, kept audio, what people change in
 * memories and tasks, and the settings behind them.
 *
 * `completed_revision` is the finalisation whose result a conversation shows; a fan-out is bound to it, so that a summary
 * which is only being tried again does not fence it.
 */
import { type Kysely, sql } from "kysely";

const STATEMENTS = [
  `alter table jobs drop constraint jobs_kind_check`,
  `alter table jobs add constraint jobs_kind_check check (kind in
    ('finalization', 'sync', 'repair', 'fanout', 'audio_export', 'audio_render', 'audio_removal'))`,
  `create table user_settings (
    user_id text primary key,
    private_cloud_sync boolean not null default false,
    webhook_secret text,
    updated_at timestamptz not null
  )`,
  `create table webhooks (
    user_id text not null,
    type text not null check (type in ('memory_created', 'realtime_transcript', 'audio_bytes', 'day_summary')),
    url text not null,
    every_seconds double precision,
    enabled boolean not null,
    updated_at timestamptz not null,
    primary key (user_id, type)
  )`,
  `create table deliveries (
    user_id text not null,
    id uuid not null,
    conversation_id text not null,
    type text not null,
    outcome text not null check (outcome in ('delivered', 'refused', 'gave_up')),
    status integer,
    ended_at timestamptz not null,
    primary key (user_id, id)
  )`,
  `create index deliveries_conversation on deliveries (user_id, conversation_id)`,
  `create table audio_files (
    user_id text not null,
    id uuid not null,
    conversation_id text not null,
    ordinal integer not null,
    started_at timestamptz not null,
    samples bigint not null check (samples > 0),
    captured_samples bigint not null,
    bytes bigint not null,
    blob_key text not null,
    pcm_state text not null default 'none' check (pcm_state in ('none', 'pending', 'ready', 'failed')),
    pcm_used_at timestamptz,
    created_at timestamptz not null,
    primary key (user_id, id)
  )`,
  `create index audio_files_conversation on audio_files (user_id, conversation_id)`,
  `create index audio_files_pcm on audio_files (pcm_used_at) where pcm_state = 'ready'`,
  `alter table conversations add column completed_revision integer`,
  `update conversations set completed_revision = finalization_revision where status = 'completed'`,
  `alter table conversations add column audio_files jsonb not null default '[]'`,
  `alter table memories add column reviewed boolean not null default false`,
  `alter table memories add column user_review boolean`,
  `alter table memories add column edited boolean not null default false`,
  `alter table memories add column deleted_at timestamptz`,
  `create index memories_conversation on memories (user_id, conversation_id)`,
  `alter table action_items add column task_key text not null default ''`,
  `alter table action_items add column manual boolean not null default false`,
  `alter table action_items add column edited boolean not null default false`,
  `alter table action_items add column deleted_at timestamptz`,
  `create index action_items_conversation on action_items (user_id, conversation_id)`,
  `create index action_items_open on action_items (user_id, task_key) where not completed and deleted_at is null`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
