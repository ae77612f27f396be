/**
 * Makes one conversation part of another: its words move, with their times counted from the other's start, as does its kept
 * sound, and the memories and tasks that were drawn from it, so that the new summary replaces them. What is left is a tombstone
 * without content that says where they went.
 *
 * Locks: rows of the two conversations, whose own rows the caller holds, then jobs that export sound of the one.
 */
import { sql } from "kysely";
import { moveAudio } from "../audio-files/move.ts";
import type { ConversationRow } from "../conversations/read.ts";
import type { Db } from "../database.ts";

export async function mergeInto(
  trx: Db,
  donor: Pick<ConversationRow, "user_id" | "id" | "started_at">,
  into: { readonly id: string; readonly startedAtMs: number },
  nowMs: number,
): Promise<void> {
  const userId = donor.user_id;
  const by = (donor.started_at - into.startedAtMs) / 1000;
  await sql`insert into segments (user_id, conversation_id, id, start_s, end_s, text, body, piece_id)
    select user_id, ${into.id}, id, start_s + ${by}, end_s + ${by}, text,
      body || jsonb_build_object('start', start_s + ${by}, 'end', end_s + ${by}), piece_id
    from segments where user_id = ${userId} and conversation_id = ${donor.id}
    on conflict (user_id, conversation_id, id) do nothing`.execute(trx);
  await sql`delete from segments where user_id = ${userId} and conversation_id = ${donor.id}`.execute(trx);
  for (const table of ["memories", "action_items"] as const) {
    await trx
      .updateTable(table)
      .set({ conversation_id: into.id })
      .where("user_id", "=", userId)
      .where("conversation_id", "=", donor.id)
      .execute();
  }
  const now = new Date(nowMs);
  await trx
    .updateTable("conversations")
    .set({
      deleted_at: now,
      sync_merged_into: into.id,
      sync_content_revision: sql`sync_content_revision + 1`,
      structured: JSON.stringify({}),
      ...{ external_data: null, search: null, audio_files: "[]", upload_job_id: null, state_reason: "merged" },
      updated_at: now,
    })
    .where("user_id", "=", userId)
    .where("id", "=", donor.id)
    .execute();
  await moveAudio(trx, { userId, fromId: donor.id, intoId: into.id, nowMs });
}
