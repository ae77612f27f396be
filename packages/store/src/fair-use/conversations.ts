/**
 * What a user over a cap said lately, in little: titles, overviews, who speaks, and lines from the beginning and the middle of
 * each conversation. Only conversations whose speech counts towards the limits: a backlog is held against nobody. Reads only.
 */
import { type ConversationGlimpse, LIVE_SOURCES, windowStart } from "@holdfast/core";
import { sql } from "kysely";
import type { Db } from "../database.ts";

/** Most that a model is shown. */
const MAX_CONVERSATIONS = 40;
/** From the beginning, and as many from the middle. */
const LINES = 6;
const LINE_CHARACTERS = 240;

interface Row {
  readonly started_at: number;
  readonly finished_at: number;
  readonly title: string | null;
  readonly overview: string | null;
  readonly category: string | null;
  readonly speakers: number;
  readonly characters: number;
  readonly user_characters: number;
  readonly samples: readonly string[] | null;
}

/** Newest first. */
export async function recentConversations(db: Db, userId: string, nowMs: number): Promise<ConversationGlimpse[]> {
  const since = new Date(windowStart("weekly", nowMs));
  const { rows } = await sql<Row>`
    select c.started_at, c.finished_at, c.structured ->> 'title' as title, c.structured ->> 'overview' as overview,
      c.structured ->> 'category' as category, said.*
    from conversations c
    cross join lateral (
      select count(distinct speaker) as speakers, coalesce(sum(length(text)), 0) as characters,
        coalesce(sum(length(text)) filter (where by_user), 0) as user_characters,
        jsonb_agg(case when by_user then 'User' else 'Speaker ' || coalesce(speaker, '?') end || ': '
          || left(text, ${LINE_CHARACTERS}) order by place)
          filter (where place <= ${LINES} or (place > total / 2 and place <= total / 2 + ${LINES})) as samples
      from (
        select text, body ->> 'speaker_id' as speaker, coalesce(body ->> 'is_user', '') = 'true' as by_user,
          row_number() over (order by start_s, id) as place, count(*) over () as total
        from segments where user_id = c.user_id and conversation_id = c.id
      ) line
    ) said
    where c.user_id = ${userId} and c.deleted_at is null and c.finished_at > ${since} and said.characters > 0
      and exists (select from fair_use_speech s where s.user_id = c.user_id and s.source in (${sql.join(LIVE_SOURCES)})
        and s.minute >= date_trunc('minute', c.started_at) and s.minute <= c.finished_at)
    order by c.started_at desc limit ${MAX_CONVERSATIONS}`.execute(db);
  return rows.map((row) => {
    const characters = Number(row.characters);
    return {
      startedAtMs: row.started_at,
      durationSeconds: Math.max(0, (row.finished_at - row.started_at) / 1000),
      ...{ title: row.title ?? "", overview: row.overview ?? "", category: row.category ?? "" },
      ...{ speakers: Number(row.speakers), characters },
      userShare: characters === 0 ? 0 : Number(row.user_characters) / characters,
      samples: row.samples ?? [],
    };
  });
}
