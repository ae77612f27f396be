/**
 * Samples of how people sound, cut out of kept sound by `speech_sample` jobs. A sample belongs to a person, to the conversation
 * it was said in, and to the segment it was cut from: `id` is a function of person and segment, so that the same words are one
 * sample however often somebody asks. Its bytes lie under `blob_key`, which no other sample ever has.
 */
import { type Kysely, sql } from "kysely";

const STATEMENTS = [
  `alter table jobs drop constraint jobs_kind_check`,
  `alter table jobs add constraint jobs_kind_check check (kind in
    ('finalization', 'sync', 'repair', 'fanout', 'audio_export', 'audio_render', 'audio_removal', 'photo', 'fair_use',
      'speech_sample'))`,
  `create table speech_samples (
    user_id text not null,
    id uuid not null,
    person_id uuid not null,
    conversation_id text not null,
    segment_id text not null,
    samples bigint not null check (samples > 0),
    bytes bigint not null,
    blob_key text not null,
    created_at timestamptz not null,
    primary key (user_id, id),
    foreign key (user_id, person_id) references people (user_id, id)
  )`,
  `create index speech_samples_person on speech_samples (user_id, person_id)`,
  `create index speech_samples_conversation on speech_samples (user_id, conversation_id)`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
