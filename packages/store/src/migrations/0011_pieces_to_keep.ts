/**
 * Kept sound of uploads. `pieces_to_keep` holds the stretches of uploaded files whose sound belongs to a conversation and is not
 * safe in a file of its own yet; while an upload has any, its bytes stay. `export_id` is the job that will keep them, set once,
 * when the upload ends. `audio_files.export_id` says which export a part came from: each replaces its own parts only. Parts from
 * before have none; they are those of live audio.
 */
import { type Kysely, sql } from "kysely";

const STATEMENTS = [
  `create table pieces_to_keep (
    user_id text not null,
    job_id uuid not null,
    blob_key text not null,
    from_sample bigint not null,
    samples bigint not null check (samples > 0),
    started_at timestamptz not null,
    conversation_id text,
    export_id uuid,
    primary key (user_id, job_id, blob_key, from_sample),
    foreign key (user_id, job_id) references jobs (user_id, id) on delete cascade
  )`,
  `create index pieces_to_keep_export on pieces_to_keep (user_id, export_id) where export_id is not null`,
  `alter table audio_files add column export_id uuid`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
