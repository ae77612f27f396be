/**
 * When a token last opened something, so that a person can tell which of them is still in use; and the accounts that are being
 * deleted: a row stands from the moment somebody asks until a day after nothing of the user is left, so that a request which
 * began before, however slow it is, finds that the account is gone.
 */
import { type Kysely, sql } from "kysely";

const STATEMENTS = [
  `alter table tokens add column last_used_at timestamptz`,
  `create index tokens_user on tokens (user_id)`,
  `create table account_deletions (
    user_id text primary key,
    requested_at timestamptz not null,
    finished_at timestamptz
  )`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
