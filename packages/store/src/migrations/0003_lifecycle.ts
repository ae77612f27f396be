/**
 * Where a conversation and a job stand, for those who follow them.
 *
 * `lifecycle_sequence` of a conversation grows with each change of its status and its discarding, and is taken from one
 * sequence for all, so that it orders the conversations of one recording session as well. A trigger sets it: no statement can
 * forget it. `upload_job_id` names the offline job whose words are arriving: it owns the conversation until it ends.
 * `lost_leases` of a job counts the leases that ran out in a row (`core/job/lifecycle.ts`).
 */
import { type Kysely, sql } from "kysely";

const STATEMENTS = [
  `alter table jobs add column lost_leases integer not null default 0`,
  `create index jobs_blocked on jobs (updated_at) where state = 'blocked'`,
  `alter table conversations add column upload_job_id uuid`,
  `create sequence conversation_lifecycle`,
  `alter table conversations add column lifecycle_sequence bigint not null default nextval('conversation_lifecycle')`,
  `create index conversations_unfinished on conversations (updated_at) where status in ('processing', 'merging')`,
  `create function advance_conversation_lifecycle() returns trigger language plpgsql as $$
    begin
      new.lifecycle_sequence := nextval('conversation_lifecycle');
      return new;
    end $$`,
  `create trigger conversation_created before insert on conversations
    for each row execute function advance_conversation_lifecycle()`,
  `create trigger conversation_moved before update on conversations
    for each row when (old.status is distinct from new.status or old.discarded is distinct from new.discarded)
    execute function advance_conversation_lifecycle()`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
