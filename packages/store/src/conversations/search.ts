/**
 * Full-text search over titles, summaries and every word said. Conversations that are not finished yet are found by their
 * segments, since their search column is written at the end.
 */
import type { Conversation } from "@holdfast/contract";
import { sql } from "kysely";
import type { Db } from "../database.ts";
import { type ConversationRow, withSegments } from "./read.ts";

export interface SearchRequest {
  readonly userId: string;
  readonly query: string;
  readonly includeDiscarded: boolean;
  /** Each narrows the search where it is given; no statuses mean every one. */
  readonly statuses?: readonly string[];
  readonly starred?: boolean | null;
  readonly hasAudio?: boolean | null;
  readonly startMs: number | null;
  readonly endMs: number | null;
  /** 1-based. */
  readonly page: number;
  readonly perPage: number;
}

export interface SearchPage {
  readonly items: readonly Conversation[];
  readonly total: number;
}

export async function searchConversations(db: Db, request: SearchRequest): Promise<SearchPage> {
  const { statuses = [], starred = null, hasAudio = null } = request;
  const where = sql`
    c.user_id = ${request.userId} and c.deleted_at is null and not c.is_locked
    and (${request.includeDiscarded} or not c.discarded)
    and (${statuses.length === 0} or c.status = any(${[...statuses]}::text[]))
    and (${starred}::boolean is null or c.starred = ${starred}::boolean)
    and (${hasAudio}::boolean is null or (c.audio_files <> '[]') = ${hasAudio}::boolean)
    and (${timeOf(request.startMs)}::timestamptz is null or c.created_at >= ${timeOf(request.startMs)}::timestamptz)
    and (${timeOf(request.endMs)}::timestamptz is null or c.created_at <= ${timeOf(request.endMs)}::timestamptz)
    and (c.search @@ q.query or (c.status <> 'completed' and exists (
      select 1 from segments s where s.user_id = c.user_id and s.conversation_id = c.id
        and to_tsvector('english', s.text) @@ q.query)))`;
  const from = sql`conversations c, websearch_to_tsquery('english', ${request.query}) q(query)`;
  const counted = await sql<{ n: number }>`select count(*) as n from ${from} where ${where}`.execute(db);
  const found = await sql<ConversationRow>`
    select c.* from ${from} where ${where}
    order by ts_rank(coalesce(c.search, ''::tsvector), q.query) desc, c.created_at desc
    limit ${request.perPage} offset ${(request.page - 1) * request.perPage}`.execute(db);
  return { items: await withSegments(db, request.userId, found.rows), total: Number(counted.rows[0]?.n ?? 0) };
}

function timeOf(ms: number | null): Date | null {
  return ms === null ? null : new Date(ms);
}
