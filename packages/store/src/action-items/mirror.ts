/**
 * A task stands in two places: in the list of all tasks and in the conversation it was said in. Whoever changes one changes
 * both, in one transaction. The places find each other by conversation and words (`taskKey`).
 *
 * Locks: the conversation row, then task rows. The task's conversation is read first, without a lock; it never changes.
 */

import type { ActionItem } from "@holdfast/contract";
import { taskKey } from "@holdfast/core";
import { editStructured } from "../conversations/edit-structured.ts";
import type { Db } from "../database.ts";
import { actionItemView, findActionItem, type StoredActionItem } from "./action-items.ts";

export interface TaskChange {
  readonly description?: string | undefined;
  readonly completed?: boolean | undefined;
  /** Null takes the date away. */
  readonly dueMs?: number | null | undefined;
}

/** Changes a task of the list and its copy in the conversation. Undefined where there is no such task. */
export async function changeActionItem(
  db: Db,
  userId: string,
  id: string,
  change: TaskChange,
  nowMs: number,
): Promise<StoredActionItem | undefined> {
  return await db.transaction().execute(async (trx) => {
    const before = await findActionItem(trx, userId, id);
    if (before === undefined) return undefined;
    await editTasks(trx, userId, before.conversation_id, nowMs, (tasks) =>
      tasks.map((task) => (isSame(task, before) ? changed(task, change, nowMs) : task)),
    );
    const row = await trx
      .updateTable("action_items")
      .set({ ...columnsOf(change, nowMs), updated_at: new Date(nowMs) })
      .where("user_id", "=", userId)
      .where("id", "=", id)
      .where("deleted_at", "is", null)
      .returningAll()
      .executeTakeFirst();
    return row === undefined ? undefined : actionItemView(row);
  });
}

/** Takes a task off the list and out of its conversation. */
export async function deleteActionItem(db: Db, userId: string, id: string, nowMs: number): Promise<boolean> {
  return await db.transaction().execute(async (trx) => {
    const before = await findActionItem(trx, userId, id);
    if (before === undefined) return false;
    await editTasks(trx, userId, before.conversation_id, nowMs, (tasks) =>
      tasks.filter((task) => !isSame(task, before)),
    );
    const gone = await bury(trx, userId, nowMs).where("id", "=", id).executeTakeFirst();
    return gone.numUpdatedRows === 1n;
  });
}

/**
 * Changes tasks of a conversation, chosen by their place and what they say now, and their copies in the list. An undefined
 * answer leaves the task, `delete` removes it. False where there is no such conversation.
 */
export async function changeConversationTasks(
  db: Db,
  userId: string,
  conversationId: string,
  choose: (task: ActionItem, index: number) => TaskChange | "delete" | undefined,
  nowMs: number,
): Promise<boolean> {
  return await db.transaction().execute(async (trx) => {
    const chosen: { readonly task: ActionItem; readonly change: TaskChange | "delete" }[] = [];
    const found = await editTasks(trx, userId, conversationId, nowMs, (tasks) =>
      tasks.flatMap((task, index) => {
        const change = choose(task, index);
        if (change === undefined) return [task];
        chosen.push({ task, change });
        return change === "delete" ? [] : [changed(task, change, nowMs)];
      }),
    );
    for (const { task, change } of chosen) {
      const write = change === "delete" ? bury(trx, userId, nowMs) : update(trx, userId, change, nowMs);
      await write
        .where("conversation_id", "is not distinct from", task.conversation_id ?? conversationId)
        .where("task_key", "=", taskKey(task.description))
        .execute();
    }
    return found;
  });
}

/** Rewrites the tasks inside a conversation. False where it does not exist (any more). */
async function editTasks(
  trx: Db,
  userId: string,
  conversationId: string | null,
  nowMs: number,
  edit: (tasks: readonly ActionItem[]) => ActionItem[],
): Promise<boolean> {
  return await editStructured(trx, userId, conversationId, nowMs, (structured) => ({
    action_items: edit(structured.action_items),
  }));
}

function isSame(task: ActionItem, item: StoredActionItem): boolean {
  const sameHome = task.conversation_id === null || task.conversation_id === item.conversation_id;
  return sameHome && taskKey(task.description) === taskKey(item.description);
}

function changed(task: ActionItem, change: TaskChange, nowMs: number): ActionItem {
  const now = new Date(nowMs).toISOString();
  const due = change.dueMs;
  return {
    ...task,
    updated_at: now,
    ...(change.description === undefined ? {} : { description: change.description }),
    ...(change.completed === undefined
      ? {}
      : { completed: change.completed, completed_at: change.completed ? now : null }),
    ...(due === undefined ? {} : { due_at: due === null ? null : new Date(due).toISOString() }),
  };
}

function columnsOf(change: TaskChange, nowMs: number) {
  const due = change.dueMs;
  return {
    ...(change.description === undefined
      ? {}
      : { description: change.description, task_key: taskKey(change.description), edited: true }),
    ...(change.completed === undefined
      ? {}
      : { completed: change.completed, completed_at: change.completed ? new Date(nowMs) : null }),
    ...(due === undefined ? {} : { due_at: due === null ? null : new Date(due), edited: true }),
  };
}

function update(trx: Db, userId: string, change: TaskChange, nowMs: number) {
  return trx
    .updateTable("action_items")
    .set({ ...columnsOf(change, nowMs), updated_at: new Date(nowMs) })
    .where("user_id", "=", userId)
    .where("deleted_at", "is", null);
}

function bury(trx: Db, userId: string, nowMs: number) {
  const now = new Date(nowMs);
  return trx
    .updateTable("action_items")
    .set({ description: "", task_key: "", deleted_at: now, updated_at: now })
    .where("user_id", "=", userId)
    .where("deleted_at", "is", null);
}
