/**
 * People whose voices a user knows, and pictures taken during a recording. A person's name is unique whatever its case, so
 * that two sessions cannot make one person twice. A picture waits for its description (`described_at` null) by a job of
 * its own. `user_summary`: a person wrote the overview, and no new summary replaces it. `words_by_client`: the client brings
 * the words of what is recorded now, so its sound needs no recogniser and no repair.
 */
import { type Kysely, sql } from "kysely";

const STATEMENTS = [
  `alter table jobs drop constraint jobs_kind_check`,
  `alter table jobs add constraint jobs_kind_check check (kind in
    ('finalization', 'sync', 'repair', 'fanout', 'audio_export', 'audio_render', 'audio_removal', 'photo'))`,
  `create table people (
    user_id text not null,
    id uuid not null,
    name text not null,
    name_key text not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (user_id, id)
  )`,
  `create unique index people_name on people (user_id, name_key)`,
  `create index segments_person on segments (user_id, (body ->> 'person_id')) where body ->> 'person_id' is not null`,
  `create table photos (
    user_id text not null,
    conversation_id text not null,
    id uuid not null,
    content_type text not null,
    bytes bytea not null,
    description text,
    discarded boolean not null default false,
    created_at timestamptz not null,
    described_at timestamptz,
    primary key (user_id, conversation_id, id),
    foreign key (user_id, conversation_id) references conversations (user_id, id) on delete cascade,
    check ((described_at is null) = (description is null))
  )`,
  `alter table photos alter column bytes set storage external`,
  `alter table conversations add column user_summary boolean not null default false`,
  `alter table recording_sessions add column words_by_client boolean not null default false`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
