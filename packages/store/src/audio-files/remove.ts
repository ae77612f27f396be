/**
 * Takes the sound of a deleted conversation away: the rows at once, the bytes by a job planned in the same transaction, so that
 * neither a crash nor a slow blob store leaves what a person deleted. Exports that are at work, or wait, find it deleted and
 * remove what they made; what one left that gave up goes with the rest, and what it was to be made of is not wanted any more.
 *
 * Locks: audio file rows by id, pieces of its exports, and a new job row, after the conversation row that the caller holds.
 */
import { sql } from "kysely";
import type { Db } from "../database.ts";
import { deterministicUuid } from "../ids.ts";
import { enqueueJob } from "../jobs/enqueue.ts";
import { folderOfExport } from "./export.ts";
import { folderOf } from "./files.ts";
import { lockParts } from "./parts.ts";

export async function requestAudioRemoval(
  trx: Db,
  home: { readonly userId: string; readonly conversationId: string; readonly nowMs: number },
): Promise<void> {
  const { userId, conversationId, nowMs } = home;
  await lockParts(trx, userId, [conversationId]);
  const removed = await trx
    .deleteFrom("audio_files")
    .where("user_id", "=", userId)
    .where("conversation_id", "=", conversationId)
    .returning("blob_key")
    .execute();
  const exports = await openExports(trx, userId, conversationId);
  const folders = new Set([...removed.map((file) => folderOf(file.blob_key)), ...exports.map(folderOfExport)]);
  if (folders.size === 0) return;
  await sql`delete from pieces_to_keep where user_id = ${userId}
    and export_id = any(${exports.map(({ id }) => id)}::uuid[])`.execute(trx);
  await enqueueJob(trx, {
    userId,
    id: deterministicUuid(userId, conversationId, "audio_removal"),
    kind: "audio_removal",
    conversationId,
    payload: { folders: [...folders].sort() },
    dueMs: nowMs,
    nowMs,
  });
}

async function openExports(trx: Db, userId: string, conversationId: string) {
  const rows = await trx
    .selectFrom("jobs")
    .select(["id", "payload"])
    .where("user_id", "=", userId)
    .where("conversation_id", "=", conversationId)
    .where("kind", "=", "audio_export")
    .where("state", "<>", "completed")
    .execute();
  return rows.map((row) => ({ userId, conversationId, ...row }));
}
