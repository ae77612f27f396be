/**
 * Ends an export: the parts become rows, the conversation shows them, and the job completes, in one transaction. Only from then
 * on may the live audio be freed. The parts are those of the whole conversation: what an earlier export wrote is replaced.
 *
 * Locks: the conversation row, then the job row, then the audio file rows.
 */
import { lockedConversation } from "../conversations/lock.ts";
import type { Db } from "../database.ts";
import type { Job } from "../jobs/job.ts";
import { completeJob, holdsLease } from "../jobs/settle.ts";
import type { AudioFile } from "./files.ts";
import { audioFileView } from "./view.ts";

export type ExportedPart = Omit<AudioFile, "pcmState" | "userId" | "conversationId">;

/** `gone`: the conversation was deleted; the caller removes the bytes. Nothing was written where the lease was lost. */
export async function completeExport(
  db: Db,
  job: Job,
  parts: readonly ExportedPart[],
  nowMs: number,
): Promise<"stored" | "gone" | "lease_lost"> {
  const { userId } = job;
  const conversationId = job.conversationId ?? "";
  return await db.transaction().execute(async (trx) => {
    const row = await lockedConversation(trx, userId, conversationId).select("id").executeTakeFirst();
    if (!(await holdsLease(trx, job))) return "lease_lost";
    if (row !== undefined) await writeParts(trx, userId, conversationId, parts, nowMs);
    const result = row === undefined ? { fenced: true } : { parts: parts.length };
    await completeJob(trx, job, { outcome: "completed", result, nowMs });
    return row === undefined ? "gone" : "stored";
  });
}

async function writeParts(
  trx: Db,
  userId: string,
  conversationId: string,
  parts: readonly ExportedPart[],
  nowMs: number,
): Promise<void> {
  const now = new Date(nowMs);
  await trx
    .deleteFrom("audio_files")
    .where("user_id", "=", userId)
    .where("conversation_id", "=", conversationId)
    .execute();
  if (parts.length > 0) {
    await trx
      .insertInto("audio_files")
      .values(
        parts.map((part) => ({
          user_id: userId,
          id: part.id,
          conversation_id: conversationId,
          ordinal: part.ordinal,
          started_at: new Date(part.startedAtMs),
          samples: part.samples,
          captured_samples: part.capturedSamples,
          bytes: part.bytes,
          blob_key: part.blobKey,
          created_at: now,
        })),
      )
      .execute();
  }
  await trx
    .updateTable("conversations")
    .set({
      audio_files: JSON.stringify(parts.map((part) => audioFileView({ userId, conversationId }, part))),
      updated_at: now,
    })
    .where("user_id", "=", userId)
    .where("id", "=", conversationId)
    .execute();
}
