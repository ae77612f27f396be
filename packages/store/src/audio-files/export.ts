/**
 * Ends an export: its parts become rows, the conversation shows them, and the job completes, in one transaction. Only from then
 * on may the sound they were made of be freed: live audio, or the bytes of an upload. Parts that the same export wrote before
 * are replaced; those of other exports stay beside them. A conversation that became part of another one since the export was
 * planned is followed there.
 *
 * Locks: the conversation row, then the job row, then its audio file rows by id, then rows of pieces that only this job has, then
 * requests for samples that wait for this sound; whoever works on one of those holds its row without waiting for any other.
 */
import { lockedConversation } from "../conversations/lock.ts";
import type { Db } from "../database.ts";
import type { Job } from "../jobs/job.ts";
import { completeJob, holdsLease } from "../jobs/settle.ts";
import { wakeSampleRequests } from "../speech-samples/wake.ts";
import { followMerges } from "../uploads/lineage.ts";
import { type AudioFile, audioFolder, exportFolder } from "./files.ts";
import { lockParts, orderParts } from "./parts.ts";

/** `ordinal`: its place among those of this export. */
export type ExportedPart = Omit<AudioFile, "pcmState" | "userId" | "conversationId">;

/** What the sound of an export comes from: an upload, or the live audio of its conversation. */
export function exportedUpload(job: Pick<Job, "payload">): string | undefined {
  const id = job.payload.upload_job_id;
  return typeof id === "string" ? id : undefined;
}

/** Where the bytes of an export lie; nothing else does, but for earlier runs of the same. */
export function folderOfExport(job: Pick<Job, "userId" | "id" | "conversationId" | "payload">): string {
  return exportedUpload(job) === undefined ? audioFolder(job.userId, job.conversationId ?? "") : exportFolder(job.id);
}

/** Where the words of this conversation are now; undefined where a person deleted it, or it never was. */
export async function livingConversation(db: Db, userId: string, id: string | null): Promise<string | undefined> {
  const now = (await followMerges(db, userId, [id ?? ""])).get(id ?? "");
  return now === undefined || now.isDeleted ? undefined : now.id;
}

/** `gone`: the conversation was deleted; the caller removes the bytes. Nothing was written where the lease was lost. */
export async function completeExport(
  db: Db,
  job: Job,
  parts: readonly ExportedPart[],
  nowMs: number,
): Promise<"stored" | "gone" | "lease_lost"> {
  return await db.transaction().execute(async (trx) => {
    const conversationId = await lockLiving(trx, job);
    if (!(await holdsLease(trx, job))) return "lease_lost";
    if (conversationId !== undefined) await writeParts(trx, job, conversationId, parts, nowMs);
    await trx.deleteFrom("pieces_to_keep").where("user_id", "=", job.userId).where("export_id", "=", job.id).execute();
    if (conversationId !== undefined) await wakeSampleRequests(trx, job.userId, conversationId, nowMs);
    const result = conversationId === undefined ? { fenced: true } : { parts: parts.length };
    await completeJob(trx, job, { outcome: "completed", result, nowMs });
    return conversationId === undefined ? "gone" : "stored";
  });
}

/** A merge that ended while its lock was waited for leads on; each step is one that was made meanwhile, so this ends. */
export async function lockLiving(
  trx: Db,
  { userId, conversationId }: Pick<Job, "userId" | "conversationId">,
): Promise<string | undefined> {
  for (;;) {
    const id = await livingConversation(trx, userId, conversationId);
    if (id === undefined) return undefined;
    const row = await lockedConversation(trx, userId, id).select("id").executeTakeFirst();
    if (row !== undefined) return row.id;
  }
}

async function writeParts(
  trx: Db,
  job: Job,
  conversationId: string,
  parts: readonly ExportedPart[],
  nowMs: number,
): Promise<void> {
  const { userId } = job;
  const isLive = exportedUpload(job) === undefined;
  await lockParts(trx, userId, [conversationId]);
  await trx
    .deleteFrom("audio_files")
    .where("user_id", "=", userId)
    .where("conversation_id", "=", conversationId)
    .where((eb) => eb.or([eb("export_id", "=", job.id), ...(isLive ? [eb("export_id", "is", null)] : [])]))
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
          export_id: job.id,
          created_at: new Date(nowMs),
        })),
      )
      .execute();
  }
  await orderParts(trx, userId, conversationId, nowMs);
}
