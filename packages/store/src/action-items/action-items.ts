/** Things to do, as lists and as single items. A deleted one is a tombstone without content and does not exist here. */
import { taskKey } from "@holdfast/core";
import type { Selectable } from "kysely";
import { sql } from "kysely";
import type { Db } from "../database.ts";
import type { ActionItemsTable } from "../schema.ts";

export interface StoredActionItem {
  readonly id: string;
  readonly conversation_id: string | null;
  readonly description: string;
  readonly completed: boolean;
  readonly due_at: string | null;
  readonly completed_at: string | null;
  readonly created_at: string;
  readonly updated_at: string;
  readonly is_locked: boolean;
}

export interface ActionItemFilter {
  readonly userId: string;
  readonly limit: number;
  readonly offset: number;
  /** Undefined members do not filter. Times are Unix milliseconds, both ends included. */
  readonly completed?: boolean | undefined;
  readonly conversationId?: string | undefined;
  readonly startMs?: number | undefined;
  readonly endMs?: number | undefined;
  readonly dueStartMs?: number | undefined;
  readonly dueEndMs?: number | undefined;
}

/** Newest first. */
export async function listActionItems(db: Db, filter: ActionItemFilter): Promise<StoredActionItem[]> {
  let query = existing(db, filter.userId)
    .orderBy("created_at", "desc")
    .orderBy("id")
    .limit(filter.limit)
    .offset(filter.offset);
  if (filter.completed !== undefined) query = query.where("completed", "=", filter.completed);
  if (filter.conversationId !== undefined) query = query.where("conversation_id", "=", filter.conversationId);
  if (filter.startMs !== undefined) query = query.where("created_at", ">=", at(filter.startMs));
  if (filter.endMs !== undefined) query = query.where("created_at", "<=", at(filter.endMs));
  if (filter.dueStartMs !== undefined) query = query.where("due_at", ">=", at(filter.dueStartMs));
  if (filter.dueEndMs !== undefined) query = query.where("due_at", "<=", at(filter.dueEndMs));
  return (await query.execute()).map(actionItemView);
}

export async function findActionItem(db: Db, userId: string, id: string): Promise<StoredActionItem | undefined> {
  const row = await existing(db, userId).where("id", "=", id).executeTakeFirst();
  return row === undefined ? undefined : actionItemView(row);
}

export interface NewActionItem {
  readonly userId: string;
  readonly id: string;
  readonly description: string;
  readonly completed: boolean;
  readonly dueMs: number | null;
  readonly conversationId: string | null;
  readonly nowMs: number;
}

/** One written by hand. */
export async function createActionItem(db: Db, item: NewActionItem): Promise<StoredActionItem> {
  const now = new Date(item.nowMs);
  const row = await db
    .insertInto("action_items")
    .values({
      user_id: item.userId,
      id: item.id,
      conversation_id: item.conversationId,
      description: item.description,
      task_key: taskKey(item.description),
      completed: item.completed,
      manual: true,
      due_at: item.dueMs === null ? null : new Date(item.dueMs),
      completed_at: item.completed ? now : null,
      created_at: now,
      updated_at: now,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  return actionItemView(row);
}

function existing(db: Db, userId: string) {
  return db.selectFrom("action_items").selectAll().where("user_id", "=", userId).where("deleted_at", "is", null);
}

function at(ms: number) {
  return sql<number>`${new Date(ms)}`;
}

const iso = (ms: number): string => new Date(ms).toISOString();
const isoOrNull = (ms: number | null): string | null => (ms === null ? null : iso(ms));

export function actionItemView(row: Selectable<ActionItemsTable>): StoredActionItem {
  return {
    id: row.id,
    conversation_id: row.conversation_id,
    description: row.description,
    completed: row.completed,
    due_at: isoOrNull(row.due_at),
    completed_at: isoOrNull(row.completed_at),
    created_at: iso(row.created_at),
    updated_at: iso(row.updated_at),
    is_locked: false,
  };
}
