/**
 * Everything that is not final, per kind: how much, how old the oldest is, and why it waits (laws L5, L9). Ages are counted from
 * where somebody began to wait: a job from its creation, a conversation from its last change, sound from its capture. An
 * enrichment waits for its time beside a completed conversation and is a kind of its own.
 */
import { JOB_KINDS } from "@holdfast/core";
import { sql } from "kysely";
import type { Db } from "../database.ts";

export const NONTERMINAL_KINDS = [
  ...JOB_KINDS,
  "enrichment",
  "conversation_in_progress",
  "conversation_processing",
  "conversation_merging",
  "untranscribed_audio",
] as const;

export interface Nonterminal {
  readonly kind: string;
  readonly count: number;
  /** Age of the oldest. */
  readonly ageSeconds: number;
  /** Why the oldest waits. */
  readonly reason: string;
}

/** Kinds of which there is nothing are left out. */
export async function oldestNonterminal(db: Db, nowMs: number): Promise<Nonterminal[]> {
  const { rows } = await sql<{ kind: string; count: number; oldest: number; reason: string }>`
    select kind, count(*) as count, min(since) as oldest, (array_agg(reason order by since))[1] as reason from (
      select case when payload ->> 'trigger' = 'enrich' then 'enrichment' else kind end as kind, created_at as since,
        coalesce(reason_code, state) as reason
      from jobs where state in ('queued', 'leased', 'blocked')
      union all
      select 'conversation_' || status, updated_at,
        coalesce(case when end_requested_at is not null then 'end_requested' else state_reason end, status)
      from conversations where status in ('in_progress', 'processing', 'merging') and deleted_at is null
      union all
      select 'untranscribed_audio', coalesce(chunk.captured_at, s.updated_at), 'awaiting_transcription'
      from recording_sessions s left join lateral (
        select captured_at from audio_chunks a where a.user_id = s.user_id and a.recording_session_id = s.id
          and a.first_message + a.message_count > s.transcribed_messages
        order by a.first_message limit 1
      ) chunk on true
      where s.transcribed_messages < s.durable_messages
    ) waiting group by kind`.execute(db);
  return rows.map(({ kind, count, oldest, reason }) => ({
    kind,
    count: Number(count),
    ageSeconds: Math.max(0, (nowMs - oldest) / 1000),
    reason,
  }));
}
