/**
 * Conversations that became part of others leave tombstones behind that say where their words went. Whoever holds an id from
 * before (a job, a piece of sound, a client) finds the conversation through them.
 *
 * Locks nothing.
 */
import { sql } from "kysely";
import type { Db } from "../database.ts";

export interface Descendant {
  /** Where the words are now, or were last. */
  readonly id: string;
  readonly isDeleted: boolean;
  /** Under another id than the one asked for. */
  readonly isMerged: boolean;
}

/** No real chain is near as long; a cycle, which only a hand in the tables could make, must end. */
const MAX_STEPS = 1_000;

/** By the id asked for; ids that no row ever had are left out. */
export async function followMerges(
  db: Db,
  userId: string,
  ids: readonly string[],
): Promise<ReadonlyMap<string, Descendant>> {
  if (ids.length === 0) return new Map();
  const { rows } = await sql<{ root: string; id: string; deleted: boolean; step: number }>`
    with recursive line as (
      select id as root, id, sync_merged_into, deleted_at, 0 as step from conversations
      where user_id = ${userId} and id = any(${[...ids]})
      union all
      select line.root, c.id, c.sync_merged_into, c.deleted_at, line.step + 1
      from line join conversations c on c.user_id = ${userId} and c.id = line.sync_merged_into
      where line.step < ${MAX_STEPS}
    )
    select distinct on (root) root, id, deleted_at is not null as deleted, step from line
    order by root, step desc`.execute(db);
  return new Map(rows.map(({ root, id, deleted, step }) => [root, { id, isDeleted: deleted, isMerged: step > 0 }]));
}

/** Where these conversations are now: each once, without those that a person deleted. */
export async function livingIds(db: Db, userId: string, ids: readonly string[]): Promise<string[]> {
  const found = await followMerges(db, userId, ids);
  return [...new Set([...found.values()].flatMap(({ id, isDeleted }) => (isDeleted ? [] : [id])))].sort();
}
