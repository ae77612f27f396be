/**
 * Sound of uploads on its way to being kept. Each piece is written down in the transaction that assigns its words; when the
 * upload ends, one export is planned for each conversation it brought sound to, in the transaction that ends it (law L1), or
 * everything is forgotten where the user keeps no sound. Pieces that repeat what was there already are not written down, so
 * sound that comes twice is kept once. As long as a piece is written down, the upload's bytes stay: `isSoundWanted`.
 *
 * Locks: rows of pieces of the one upload, after the job row that the caller holds; then new job rows.
 */
import { SYNC } from "@holdfast/contract";
import { type KeepablePiece, keptPieces, piecesInCaptureOrder } from "@holdfast/core";
import { sql } from "kysely";
import type { Db } from "../database.ts";
import { deterministicUuid } from "../ids.ts";
import { enqueueJob } from "../jobs/enqueue.ts";
import type { Job } from "../jobs/job.ts";
import { countOpenJobs, findJob } from "../jobs/read.ts";
import { privateCloudSync } from "../settings/settings.ts";
import { followMerges } from "../uploads/lineage.ts";

/** Where a piece lies: `file` is the blob key of its file. */
export type PieceSound = Omit<KeepablePiece, "conversationId">;

export async function rememberSound(
  trx: Db,
  job: Pick<Job, "userId" | "id">,
  sound: PieceSound,
  conversationId: string | null,
): Promise<void> {
  await trx
    .insertInto("pieces_to_keep")
    .values({
      user_id: job.userId,
      job_id: job.id,
      blob_key: sound.file,
      from_sample: sound.fromSample,
      samples: sound.samples,
      started_at: new Date(sound.startedAtMs),
      conversation_id: conversationId,
    })
    .onConflict((conflict) => conflict.columns(["user_id", "job_id", "blob_key", "from_sample"]).doNothing())
    .execute();
}

/** For an upload that ends now, however it ends. */
export async function planExports(trx: Db, job: Job, nowMs: number): Promise<void> {
  const exports = (await privateCloudSync(trx, job.userId))
    ? await exportsOf(trx, job)
    : new Map<string, PieceSound[]>();
  if (exports.size > 0) await enqueueAll(trx, job, exports, nowMs);
  await trx
    .deleteFrom("pieces_to_keep")
    .where("user_id", "=", job.userId)
    .where("job_id", "=", job.id)
    .where("export_id", "is", null)
    .execute();
}

/** By the conversations that are there. What was deleted still parts the sound before it from the sound behind it. */
async function exportsOf(trx: Db, job: Job): Promise<Map<string, PieceSound[]>> {
  const rows = await trx
    .selectFrom("pieces_to_keep")
    .selectAll()
    .where("user_id", "=", job.userId)
    .where("job_id", "=", job.id)
    .where("export_id", "is", null)
    .execute();
  const ids = rows.flatMap((row) => row.conversation_id ?? []);
  const now = await followMerges(trx, job.userId, [...new Set(ids)]);
  const pieces = rows.map((row) => {
    const id = row.conversation_id;
    return { ...soundOf(row), conversationId: id === null ? null : (now.get(id)?.id ?? id) };
  });
  const living = new Set([...now.values()].flatMap((place) => (place.isDeleted ? [] : [place.id])));
  const kept = keptPieces(pieces, SYNC.joinGapMs).filter(({ conversationId }) => living.has(conversationId));
  const exports = Map.groupBy(kept, ({ conversationId }) => conversationId);
  return new Map([...exports].map(([id, of]) => [id, of.map(({ piece }) => piece)]));
}

/** Behind the sound of live conversations and what somebody wants to hear now; a long backlog behind a short one. */
async function enqueueAll(trx: Db, job: Job, exports: Map<string, PieceSound[]>, nowMs: number): Promise<void> {
  const { userId, generation } = job;
  let rank = 1 + (await countOpenJobs(trx, userId, "audio_export"));
  for (const [conversationId, pieces] of exports) {
    const id = deterministicUuid(userId, conversationId, "audio_export", job.id, generation);
    await sql`update pieces_to_keep p set export_id = ${id}
      from unnest(${pieces.map(({ file }) => file)}::text[], ${pieces.map(({ fromSample }) => fromSample)}::bigint[])
        as kept (blob_key, from_sample)
      where p.user_id = ${userId} and p.job_id = ${job.id}
        and p.blob_key = kept.blob_key and p.from_sample = kept.from_sample`.execute(trx);
    await enqueueJob(trx, {
      ...{ userId, id, kind: "audio_export", conversationId, lane: job.lane, rank },
      payload: { upload_job_id: job.id },
      dueMs: nowMs,
      nowMs,
    });
    rank += 1;
  }
}

/** What an export of an upload keeps, in capture order. */
export async function piecesOfExport(db: Db, job: Pick<Job, "userId" | "id">): Promise<PieceSound[]> {
  const rows = await db
    .selectFrom("pieces_to_keep")
    .selectAll()
    .where("user_id", "=", job.userId)
    .where("export_id", "=", job.id)
    .execute();
  return piecesInCaptureOrder(rows.map(soundOf));
}

/** True while the bytes of an upload hold sound that is not safe elsewhere yet. */
export async function isSoundWanted(db: Db, userId: string, uploadJobId: string): Promise<boolean> {
  const row = await db
    .selectFrom("pieces_to_keep")
    .select("blob_key")
    .where("user_id", "=", userId)
    .where("job_id", "=", uploadJobId)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

/** True where nobody needs the bytes of this upload any more: it is completed, and the sound that is kept of it is safe. */
export async function isUploadSpent(db: Db, userId: string, uploadJobId: string): Promise<boolean> {
  const upload = await findJob(db, userId, uploadJobId);
  return upload?.state === "completed" && !(await isSoundWanted(db, userId, uploadJobId));
}

function soundOf(row: {
  readonly blob_key: string;
  readonly from_sample: number;
  readonly samples: number;
  readonly started_at: number;
}): PieceSound {
  const { blob_key: file, from_sample: fromSample, samples, started_at: startedAtMs } = row;
  return { file, fromSample, samples, startedAtMs };
}
