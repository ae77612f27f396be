/**
 * Facts about a user: drawn from conversations or written by hand. What a person wrote, changed or judged is never taken away
 * by a new summary. A deleted fact of a conversation leaves a tombstone without content, so that the next summary does not
 * bring it back; one that a person rejected is kept and not shown (reference listen-and-pusher 6.4).
 *
 * Locks: the one memory row, for the length of the statement.
 */
import type { Memory } from "@holdfast/contract";
import type { Selectable } from "kysely";
import type { Db } from "../database.ts";
import type { MemoriesTable } from "../schema.ts";

export interface DerivedPage {
  readonly userId: string;
  readonly limit: number;
  readonly offset: number;
}

/** Newest first: of one conversation, or, where none is named, all there are. */
export async function listMemories(
  db: Db,
  page: DerivedPage & { readonly conversationId?: string | null },
): Promise<Memory[]> {
  const { conversationId = null } = page;
  const rows = await db
    .selectFrom("memories")
    .selectAll()
    .where("user_id", "=", page.userId)
    .$if(conversationId !== null, (query) => query.where("conversation_id", "=", conversationId))
    .where("deleted_at", "is", null)
    .where("user_review", "is distinct from", false)
    .orderBy("created_at", "desc")
    .orderBy("id")
    .limit(page.limit)
    .offset(page.offset)
    .execute();
  return rows.map(memoryView);
}

export interface NewMemory {
  readonly userId: string;
  readonly id: string;
  readonly content: string;
  readonly category: Memory["category"];
  readonly tags: readonly string[];
  readonly visibility: string;
  readonly nowMs: number;
}

/** One written by hand. */
export async function createMemory(db: Db, memory: NewMemory): Promise<Memory> {
  const now = new Date(memory.nowMs);
  const row = await db
    .insertInto("memories")
    .values({
      user_id: memory.userId,
      id: memory.id,
      conversation_id: null,
      content: memory.content,
      category: memory.category,
      tags: JSON.stringify(memory.tags),
      visibility: memory.visibility,
      // What a person wrote needs no review by that person.
      reviewed: true,
      user_review: true,
      created_at: now,
      updated_at: now,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  return memoryView(row);
}

/** Each of these returns false where there is no such memory. */
export async function editMemory(db: Db, userId: string, id: string, content: string, nowMs: number): Promise<boolean> {
  return await change(db, userId, id, { content, edited: true, updated_at: new Date(nowMs) });
}

export async function reviewMemory(
  db: Db,
  userId: string,
  id: string,
  approved: boolean,
  nowMs: number,
): Promise<boolean> {
  return await change(db, userId, id, { reviewed: true, user_review: approved, updated_at: new Date(nowMs) });
}

export async function setMemoryVisibility(
  db: Db,
  userId: string,
  id: string,
  visibility: "private" | "public",
  nowMs: number,
): Promise<boolean> {
  return await change(db, userId, id, { visibility, updated_at: new Date(nowMs) });
}

export async function deleteMemory(db: Db, userId: string, id: string, nowMs: number): Promise<boolean> {
  const now = new Date(nowMs);
  return await change(db, userId, id, { content: "", tags: "[]", deleted_at: now, updated_at: now });
}

interface Changes {
  readonly content?: string;
  readonly tags?: string;
  readonly visibility?: string;
  readonly reviewed?: boolean;
  readonly user_review?: boolean;
  readonly edited?: boolean;
  readonly deleted_at?: Date;
  readonly updated_at: Date;
}

async function change(db: Db, userId: string, id: string, changes: Changes): Promise<boolean> {
  const result = await db
    .updateTable("memories")
    .set(changes)
    .where("user_id", "=", userId)
    .where("id", "=", id)
    .where("deleted_at", "is", null)
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

export function memoryView(row: Selectable<MemoriesTable>): Memory {
  return {
    id: row.id,
    uid: row.user_id,
    conversation_id: row.conversation_id,
    content: row.content,
    category: row.category === "interesting" || row.category === "manual" ? row.category : "system",
    tags: row.tags,
    visibility: row.visibility,
    created_at: new Date(row.created_at).toISOString(),
    updated_at: new Date(row.updated_at).toISOString(),
    reviewed: row.reviewed,
    user_review: row.user_review,
    edited: row.edited,
    manually_added: row.conversation_id === null,
    scoring: null,
    is_locked: false,
    app_id: null,
    data_protection_level: "standard",
  };
}
