/**
 * The tasks of a conversation after a new summary. What is done stays done; what a person wrote, changed or deleted is left
 * alone; and a task that is open already, in another conversation or by hand, and was touched in the last seven days is not
 * made again (reference listen-and-pusher 6.2). The conversation still lists it, bound to where it stands.
 *
 * Locks: task rows of one conversation, inside the caller's transaction, which holds the conversation row.
 */
import type { ActionItem } from "@holdfast/contract";
import { SAME_TASK_WITHIN_MS, taskKey } from "@holdfast/core";
import { sql } from "kysely";
import type { Db } from "../database.ts";
import { deterministicUuid } from "../ids.ts";

interface Home {
  readonly userId: string;
  readonly conversationId: string;
}

/**
 * The tasks as the conversation shows them: each once, in the words a person gave it, with what was done already, without what
 * was deleted, and `conversation_id` naming where the task stands.
 */
export async function settleTasks(
  trx: Db,
  home: Home,
  items: readonly ActionItem[],
  nowMs: number,
): Promise<ActionItem[]> {
  const once = [...new Map(items.map((item) => [taskKey(item.description), item])).values()];
  if (once.length === 0) return [];
  const own = await ownTasks(trx, home);
  const settled = once.flatMap((item) => {
    const row = own.find((known) => known.id === taskId(home, item)) ?? own.find((known) => isTask(known, item));
    if (row === undefined) return [{ ...item, conversation_id: home.conversationId }];
    if (row.deleted_at !== null) return [];
    const completedAt = row.completed_at === null ? null : new Date(row.completed_at).toISOString();
    const done = { completed: row.completed, completed_at: completedAt };
    const dueAt = row.due_at === null ? null : new Date(row.due_at).toISOString();
    const words = row.edited ? { description: row.description, due_at: dueAt } : {};
    return [{ ...item, ...words, ...done, conversation_id: home.conversationId }];
  });
  const open = await openElsewhere(trx, home, settled, nowMs);
  return settled.map((item) => {
    const other = open.find((row) => isTask(row, item));
    const isOwn = own.some((row) => isTask(row, item) && row.deleted_at === null);
    return other === undefined || isOwn ? item : { ...item, conversation_id: other.conversation_id };
  });
}

function taskId({ userId, conversationId }: Home, item: ActionItem): string {
  return deterministicUuid(userId, conversationId, "action", item.description);
}

function isTask(row: { readonly task_key: string }, item: ActionItem): boolean {
  return row.task_key !== "" && row.task_key === taskKey(item.description);
}

async function ownTasks(trx: Db, { userId, conversationId }: Home) {
  return await trx
    .selectFrom("action_items")
    .selectAll()
    .where("user_id", "=", userId)
    .where("conversation_id", "=", conversationId)
    .execute();
}

/** Open tasks of the same words that stand somewhere else and were touched lately, oldest first. */
async function openElsewhere(trx: Db, home: Home, items: readonly ActionItem[], nowMs: number) {
  if (items.length === 0) return [];
  return await trx
    .selectFrom("action_items")
    .select(["conversation_id", "task_key"])
    .where("user_id", "=", home.userId)
    .where(
      "task_key",
      "in",
      items.map((item) => taskKey(item.description)),
    )
    .where("conversation_id", "is distinct from", home.conversationId)
    .where("completed", "=", false)
    .where("deleted_at", "is", null)
    .where("updated_at", ">=", sql<number>`${new Date(nowMs - SAME_TASK_WITHIN_MS)}`)
    .orderBy("created_at")
    .execute();
}

/** `items` are those that `settleTasks` gave. */
export async function replaceActionItems(
  trx: Db,
  home: Home,
  items: readonly ActionItem[],
  nowMs: number,
): Promise<void> {
  const { userId, conversationId } = home;
  const now = new Date(nowMs);
  await trx
    .deleteFrom("action_items")
    .where("user_id", "=", userId)
    .where("conversation_id", "=", conversationId)
    .where("completed", "=", false)
    .where("manual", "=", false)
    .where("edited", "=", false)
    .where("deleted_at", "is", null)
    .execute();
  for (const item of items) {
    if (item.conversation_id !== conversationId) continue;
    const key = taskKey(item.description);
    const kept = await trx
      .selectFrom("action_items")
      .select("id")
      .where("user_id", "=", userId)
      .where("conversation_id", "=", conversationId)
      .where("task_key", "=", key)
      .where("deleted_at", "is", null)
      .executeTakeFirst();
    if (kept !== undefined) continue;
    await trx
      .insertInto("action_items")
      .values({
        user_id: userId,
        id: taskId(home, item),
        conversation_id: conversationId,
        description: item.description,
        task_key: key,
        due_at: item.due_at === null ? null : new Date(item.due_at),
        created_at: now,
        updated_at: now,
      })
      .onConflict((conflict) => conflict.columns(["user_id", "id"]).doNothing())
      .execute();
  }
}
