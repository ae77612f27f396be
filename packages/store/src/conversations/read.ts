/**
 * Reading conversations: one, a page, a count. Deleted rows do not exist here. Every query carries the user id.
 */
import type { Conversation, Segment } from "@holdfast/contract";
import type { ExpressionBuilder, Selectable, SqlBool } from "kysely";
import { sql } from "kysely";
import type { Db } from "../database.ts";
import { loadPhotos } from "../photos/read.ts";
import type { ConversationsTable, Schema } from "../schema.ts";
import { conversationView } from "./view.ts";

export type ConversationRow = Selectable<ConversationsTable>;

export async function findConversation(db: Db, userId: string, id: string): Promise<ConversationRow | undefined> {
  return await db
    .selectFrom("conversations")
    .selectAll()
    .where("user_id", "=", userId)
    .where("id", "=", id)
    .where("deleted_at", "is", null)
    .executeTakeFirst();
}

/** True where the id was ever used, also by a conversation that was deleted since. */
export async function conversationIdTaken(db: Db, userId: string, id: string): Promise<boolean> {
  const row = await db
    .selectFrom("conversations")
    .select("id")
    .where("user_id", "=", userId)
    .where("id", "=", id)
    .executeTakeFirst();
  return row !== undefined;
}

export async function loadSegments(db: Db, userId: string, conversationId: string): Promise<Segment[]> {
  const rows = await db
    .selectFrom("segments")
    .select("body")
    .where("user_id", "=", userId)
    .where("conversation_id", "=", conversationId)
    .orderBy("start_s")
    .orderBy("end_s")
    .orderBy("id")
    .execute();
  return rows.map((row) => row.body as Segment);
}

/** The whole conversation with its transcript, as clients see it; undefined where it does not exist. */
export async function loadConversation(db: Db, userId: string, id: string): Promise<Conversation | undefined> {
  const row = await findConversation(db, userId, id);
  return row === undefined ? undefined : await wholeConversation(db, row);
}

/** The same where the row is at hand. */
export async function wholeConversation(db: Db, row: ConversationRow): Promise<Conversation> {
  const photos = await loadPhotos(db, row.user_id, row.id, { withBytes: false });
  return conversationView(row, await loadSegments(db, row.user_id, row.id), photos);
}

/** Who records: two devices of one person never share a conversation (reference listen-and-pusher 8.2, no. 24). */
export interface RecordingOrigin {
  readonly source: string;
  readonly clientDeviceId: string | null;
}

/**
 * The newest live conversation that is still open, of this origin or, without one, of any. One that has neither sound nor words
 * comes after all that have: a device that sends nothing, or a socket that is still being cleaned up after, is not what a
 * person means.
 */
export async function findOpenConversation(
  db: Db,
  userId: string,
  origin?: RecordingOrigin,
): Promise<ConversationRow | undefined> {
  const ofOrigin = ({ eb, and }: ExpressionBuilder<Schema, "conversations">) =>
    and(
      origin === undefined
        ? []
        : [eb("source", "=", origin.source), eb("client_device_id", "is not distinct from", origin.clientDeviceId)],
    );
  return await db
    .selectFrom("conversations")
    .selectAll()
    .where("user_id", "=", userId)
    .where("status", "=", "in_progress")
    .where("origin", "=", "live")
    .where("discarded", "=", false)
    .where("deleted_at", "is", null)
    .where(ofOrigin)
    .orderBy(
      sql`exists (select from audio_chunks a where a.user_id = conversations.user_id and a.conversation_id = conversations.id)
        or exists (select from segments s where s.user_id = conversations.user_id and s.conversation_id = conversations.id)`,
      "desc",
    )
    .orderBy("created_at", "desc")
    .limit(1)
    .executeTakeFirst();
}

/** Conversations that were handed over and are not done, newest first. */
export async function findProcessingIds(db: Db, userId: string, limit: number): Promise<string[]> {
  const rows = await db
    .selectFrom("conversations")
    .select("id")
    .where("user_id", "=", userId)
    .where("status", "in", ["processing", "merging"])
    .where("deleted_at", "is", null)
    .orderBy("created_at", "desc")
    .limit(limit)
    .execute();
  return rows.map(({ id }) => id);
}

export async function findLastCompletedId(db: Db, userId: string): Promise<string | undefined> {
  const row = await db
    .selectFrom("conversations")
    .select("id")
    .where("user_id", "=", userId)
    .where("status", "=", "completed")
    .where("deleted_at", "is", null)
    .orderBy("created_at", "desc")
    .limit(1)
    .executeTakeFirst();
  return row?.id;
}

export interface ConversationFilter {
  readonly userId: string;
  /** Empty means every status: a conversation is listed whatever its state. */
  readonly statuses: readonly string[];
  readonly sources: readonly string[];
  readonly includeDiscarded: boolean;
  readonly starred: boolean | null;
  /** Whether sound of it can be played. */
  readonly hasAudio?: boolean | null;
  readonly startMs: number | null;
  readonly endMs: number | null;
}

function matching(filter: ConversationFilter) {
  return (eb: ExpressionBuilder<Schema, "conversations">) => {
    const parts = [eb("user_id", "=", filter.userId), eb("deleted_at", "is", null)];
    if (filter.statuses.length > 0) parts.push(eb("status", "in", [...filter.statuses]));
    if (filter.sources.length > 0) parts.push(eb("source", "in", [...filter.sources]));
    if (!filter.includeDiscarded) parts.push(eb("discarded", "=", false));
    if (filter.starred !== null) parts.push(eb("starred", "=", filter.starred));
    if (typeof filter.hasAudio === "boolean") parts.push(eb(sql`(audio_files <> '[]')`, "=", filter.hasAudio));
    if (filter.startMs !== null) parts.push(eb("created_at", ">=", sql<number>`${new Date(filter.startMs)}`));
    if (filter.endMs !== null) parts.push(eb("created_at", "<=", sql<number>`${new Date(filter.endMs)}`));
    return eb.and(parts as never) as ReturnType<typeof eb.and> & SqlBool;
  };
}

/** Newest first, with transcripts. */
export async function listConversations(
  db: Db,
  filter: ConversationFilter & { readonly limit: number; readonly offset: number },
): Promise<Conversation[]> {
  const rows = await db
    .selectFrom("conversations")
    .selectAll()
    .where(matching(filter))
    .orderBy("created_at", "desc")
    .orderBy("id")
    .limit(filter.limit)
    .offset(filter.offset)
    .execute();
  return await withSegments(db, filter.userId, rows);
}

export async function countConversations(db: Db, filter: ConversationFilter): Promise<number> {
  const row = await db
    .selectFrom("conversations")
    .select((eb) => eb.fn.countAll<number>().as("n"))
    .where(matching(filter))
    .executeTakeFirstOrThrow();
  return Number(row.n);
}

/** Attaches transcripts to rows with one query. */
export async function withSegments(db: Db, userId: string, rows: readonly ConversationRow[]): Promise<Conversation[]> {
  if (rows.length === 0) return [];
  const segments = await db
    .selectFrom("segments")
    .select(["conversation_id", "body"])
    .where("user_id", "=", userId)
    .where(
      "conversation_id",
      "in",
      rows.map((row) => row.id),
    )
    .orderBy("start_s")
    .orderBy("end_s")
    .orderBy("id")
    .execute();
  const grouped = Map.groupBy(segments, (segment) => segment.conversation_id);
  return rows.map((row) =>
    conversationView(
      row,
      (grouped.get(row.id) ?? []).map((segment) => segment.body as Segment),
    ),
  );
}
