/** A language model's look at a user who crossed a cap is a job of its own. */
import { type Kysely, sql } from "kysely";

const STATEMENTS = [
  `alter table jobs drop constraint jobs_kind_check`,
  `alter table jobs add constraint jobs_kind_check check (kind in
    ('finalization', 'sync', 'repair', 'fanout', 'audio_export', 'audio_render', 'audio_removal', 'photo', 'fair_use'))`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
