/** Reading what finalisation drew from conversations: memories and action items, newest first, as clients see them. */
import type { Memory } from "@holdfast/contract";
import type { Db } from "../database.ts";

export interface DerivedPage {
  readonly userId: string;
  readonly limit: number;
  readonly offset: number;
}

const iso = (ms: number): string => new Date(ms).toISOString();
const isoOrNull = (ms: number | null): string | null => (ms === null ? null : iso(ms));

export async function listMemories(db: Db, page: DerivedPage): Promise<Memory[]> {
  const rows = await db
    .selectFrom("memories")
    .selectAll()
    .where("user_id", "=", page.userId)
    .orderBy("created_at", "desc")
    .orderBy("id")
    .limit(page.limit)
    .offset(page.offset)
    .execute();
  return rows.map((row) => ({
    id: row.id,
    conversation_id: row.conversation_id,
    content: row.content,
    category: row.category === "interesting" || row.category === "manual" ? row.category : "system",
    tags: row.tags,
    visibility: row.visibility,
    created_at: iso(row.created_at),
    updated_at: iso(row.updated_at),
  }));
}

export interface StoredActionItem {
  readonly id: string;
  readonly conversation_id: string | null;
  readonly description: string;
  readonly completed: boolean;
  readonly due_at: string | null;
  readonly completed_at: string | null;
  readonly created_at: string;
  readonly updated_at: string;
}

/** `completed` null means both. */
export async function listActionItems(
  db: Db,
  page: DerivedPage & { readonly completed: boolean | null },
): Promise<StoredActionItem[]> {
  let query = db
    .selectFrom("action_items")
    .selectAll()
    .where("user_id", "=", page.userId)
    .orderBy("created_at", "desc")
    .orderBy("id")
    .limit(page.limit)
    .offset(page.offset);
  if (page.completed !== null) query = query.where("completed", "=", page.completed);
  const rows = await query.execute();
  return rows.map((row) => ({
    id: row.id,
    conversation_id: row.conversation_id,
    description: row.description,
    completed: row.completed,
    due_at: isoOrNull(row.due_at),
    completed_at: isoOrNull(row.completed_at),
    created_at: iso(row.created_at),
    updated_at: iso(row.updated_at),
  }));
}
