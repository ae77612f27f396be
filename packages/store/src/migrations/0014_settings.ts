/**
 * What people set in the page: the language somebody speaks, what the last message to a webhook came to, and settings of the
 * whole server, which its owner makes (a language model with its key among them; the key is in the database and in a dump of it).
 */
import { type Kysely, sql } from "kysely";

const STATEMENTS = [
  `alter table user_settings add column speech_language text`,
  `alter table webhooks
    add column last_code text,
    add column last_status integer,
    add column last_at timestamptz`,
  `create table server_settings (
    name text primary key,
    value jsonb not null,
    updated_at timestamptz not null
  )`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
