/**
 * Everything a user has, page by page for an export: each page is one statement that begins behind the last key of the one
 * before, so that a page is consistent in itself, what is written meanwhile moves nothing, and nobody holds more than a page.
 * In the order of keys, which says nothing else. What was deleted is not there.
 */
import type { Conversation, Memory } from "@holdfast/contract";
import { type Selectable, sql } from "kysely";
import { actionItemView, type StoredActionItem } from "../action-items/action-items.ts";
import { withSegments } from "../conversations/read.ts";
import type { Db } from "../database.ts";
import { type Job, jobOf } from "../jobs/job.ts";
import { memoryView } from "../memories/memories.ts";
import type { AudioFilesTable, PhotosTable, SpeechSamplesTable } from "../schema.ts";

export interface ExportPage {
  readonly userId: string;
  /** The last key of the page before; undefined for the first. */
  readonly after: string | undefined;
  readonly limit: number;
}

/** With transcripts, whatever their state. */
export async function exportConversations(db: Db, { userId, after, limit }: ExportPage): Promise<Conversation[]> {
  const rows = await db
    .selectFrom("conversations")
    .selectAll()
    .where("user_id", "=", userId)
    .where("deleted_at", "is", null)
    .where("id", ">", after ?? "")
    .orderBy("id")
    .limit(limit)
    .execute();
  return await withSegments(db, userId, rows);
}

/** Those that were rejected too. */
export async function exportMemories(db: Db, { userId, after, limit }: ExportPage): Promise<Memory[]> {
  const rows = await db
    .selectFrom("memories")
    .selectAll()
    .where("user_id", "=", userId)
    .where("deleted_at", "is", null)
    .where("id", ">", after ?? "")
    .orderBy("id")
    .limit(limit)
    .execute();
  return rows.map(memoryView);
}

export async function exportActionItems(db: Db, { userId, after, limit }: ExportPage): Promise<StoredActionItem[]> {
  const rows = await db
    .selectFrom("action_items")
    .selectAll()
    .where("user_id", "=", userId)
    .where("deleted_at", "is", null)
    .where("id", ">", after ?? "")
    .orderBy("id")
    .limit(limit)
    .execute();
  return rows.map(actionItemView);
}

/** A UUID that none is before, and that nobody has. */
const NIL = "00000000-0000-0000-0000-000000000000";

export async function exportUploads(db: Db, { userId, after, limit }: ExportPage): Promise<Job[]> {
  const rows = await db
    .selectFrom("jobs")
    .selectAll()
    .where("user_id", "=", userId)
    .where("kind", "=", "sync")
    .where("id", ">", after ?? NIL)
    .orderBy("id")
    .limit(limit)
    .execute();
  return rows.map(jobOf);
}

export async function exportAudioFiles(
  db: Db,
  { userId, after, limit }: ExportPage,
): Promise<Selectable<AudioFilesTable>[]> {
  return await db
    .selectFrom("audio_files")
    .selectAll()
    .where("user_id", "=", userId)
    .where("id", ">", after ?? NIL)
    .orderBy("id")
    .limit(limit)
    .execute();
}

export async function exportSpeechSamples(
  db: Db,
  { userId, after, limit }: ExportPage,
): Promise<Selectable<SpeechSamplesTable>[]> {
  return await db
    .selectFrom("speech_samples")
    .selectAll()
    .where("user_id", "=", userId)
    .where("id", ">", after ?? NIL)
    .orderBy("id")
    .limit(limit)
    .execute();
}

/** What a page of pictures ends with: the same picture may be in two conversations. */
export function photoKey({ conversation_id, id }: Pick<Selectable<PhotosTable>, "conversation_id" | "id">): string {
  return `${conversation_id}/${id}`;
}

/** With their bytes, so a page is better small. */
export async function exportPhotos(db: Db, { userId, after, limit }: ExportPage): Promise<Selectable<PhotosTable>[]> {
  const slash = after?.lastIndexOf("/") ?? -1;
  const [conversationId, id] = after === undefined ? ["", NIL] : [after.slice(0, slash), after.slice(slash + 1)];
  return await db
    .selectFrom("photos")
    .selectAll()
    .where("user_id", "=", userId)
    .where(sql<boolean>`(conversation_id, id) > (${conversationId}, ${id}::uuid)`)
    .orderBy("conversation_id")
    .orderBy("id")
    .limit(limit)
    .execute();
}
