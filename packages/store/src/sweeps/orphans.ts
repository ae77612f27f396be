/**
 * States that wait for something that will never come (law L5). Every transaction of ours keeps a conversation in work and the
 * job that will end it together; what is found here was left by a restored backup, a hand in the tables, or a mistake of
 * ours. It is given an owner again after a grace in which nothing touched it.
 *
 * | left                                                     | gets                                           |
 * |----------------------------------------------------------|------------------------------------------------|
 * | `processing`, `merging` without a job that is not final  | a new finalisation                             |
 * | `in_progress` from an upload whose job is final or gone  | a new finalisation                             |
 * | finalisation `blocked` while no repair is open           | its turn                                       |
 */
import { sql } from "kysely";
import { type FinalizationTicket, requestFinalization } from "../conversations/admit.ts";
import { lockConversation } from "../conversations/lock.ts";
import type { Db } from "../database.ts";
import { unblockFinalization } from "../recordings/commit-repair.ts";

export interface OrphanedConversation {
  readonly userId: string;
  readonly conversationId: string;
}

/** Conversations in work that no job will end, untouched since `beforeMs`; oldest first. */
export async function findOrphanedConversations(
  db: Db,
  beforeMs: number,
  limit: number,
): Promise<OrphanedConversation[]> {
  const { rows } = await sql<{ user_id: string; id: string }>`
    select c.user_id, c.id from conversations c where ${isOrphaned(beforeMs)}
    order by c.updated_at limit ${limit}`.execute(db);
  return rows.map((row) => ({ userId: row.user_id, conversationId: row.id }));
}

/**
 * Undefined where something took it up meanwhile.
 *
 * Locks: the conversation row, then the new job row. Whoever ends a job of a conversation holds that row too.
 */
export async function adoptConversation(
  db: Db,
  { userId, conversationId }: OrphanedConversation,
  beforeMs: number,
  nowMs: number,
): Promise<FinalizationTicket | undefined> {
  return await db.transaction().execute(async (trx) => {
    await lockConversation(trx, userId, conversationId);
    const { rows } = await sql`select 1 from conversations c
      where c.user_id = ${userId} and c.id = ${conversationId} and ${isOrphaned(beforeMs)}`.execute(trx);
    if (rows.length === 0) return undefined;
    return await requestFinalization(trx, { userId, conversationId, trigger: "sweep", force: false, nowMs });
  });
}

function isOrphaned(beforeMs: number) {
  return sql`c.deleted_at is null and c.updated_at <= ${new Date(beforeMs)}
    and (c.status in ('processing', 'merging') or (c.status = 'in_progress' and c.origin = 'sync'))
    and not exists (select 1 from jobs j where j.user_id = c.user_id
      and j.id in (c.finalization_job_id, c.upload_job_id) and j.state in ('queued', 'leased', 'blocked'))`;
}

/** Conversations whose finalisation is blocked by nothing since `beforeMs`. */
export async function findStrandedFinalizations(
  db: Db,
  beforeMs: number,
  limit: number,
): Promise<OrphanedConversation[]> {
  const { rows } = await sql<{ user_id: string; conversation_id: string }>`
    select j.user_id, j.conversation_id from jobs j
    where j.kind = 'finalization' and j.state = 'blocked' and j.updated_at <= ${new Date(beforeMs)}
      and not exists (select 1 from jobs repair where repair.user_id = j.user_id
        and repair.conversation_id = j.conversation_id and repair.kind = 'repair'
        and repair.state in ('queued', 'leased', 'blocked'))
    order by j.updated_at limit ${limit}`.execute(db);
  return rows.map((row) => ({ userId: row.user_id, conversationId: row.conversation_id }));
}

/** Locks: the conversation row, then its job rows. */
export async function releaseFinalization(
  db: Db,
  { userId, conversationId }: OrphanedConversation,
  nowMs: number,
): Promise<boolean> {
  return await db.transaction().execute(async (trx) => {
    await lockConversation(trx, userId, conversationId);
    return await unblockFinalization(trx, userId, conversationId, nowMs);
  });
}
