/**
 * Resumable uploads: what is durable of each (`received`), who writes now (`epoch`), and the job that its bytes became part of.
 * The bytes lie in the blob store; a number is written here only after they are durable there, and it is the only offset a
 * client is ever told.
 *
 * Locks: rows of `resumable_uploads` by id, then those of `accept.ts`.
 */
import { RESUMABLE } from "@holdfast/contract";
import { type Selectable, sql } from "kysely";
import type { Db } from "../database.ts";
import type { Job } from "../jobs/job.ts";
import { findJob } from "../jobs/read.ts";
import type { ResumableUploadsTable } from "../schema-uploads.ts";
import { acceptInTransaction, type UploadBatch } from "./accept.ts";

export type ResumableRow = Selectable<ResumableUploadsTable>;

/** What holds the folders of resumable uploads; one folder each. */
export const RESUMABLE_FOLDER = "resumable";

export function resumableFolder(id: string): string {
  return `${RESUMABLE_FOLDER}/${id}`;
}

export interface NewResumable {
  readonly userId: string;
  readonly id: string;
  readonly name: string;
  readonly length: number;
  readonly facts: Readonly<Record<string, unknown>>;
  readonly batch: string | null;
  readonly batchFiles: number;
  readonly nowMs: number;
}

export type CreateResumableOutcome =
  | { readonly outcome: "created"; readonly row: ResumableRow; readonly replaced: readonly string[] }
  /** So many uploads, or bytes, of this user are open already. */
  | { readonly outcome: "too_many" }
  /** The batch was begun with another number of files, or has them all. */
  | { readonly outcome: "batch_conflict" };

/**
 * A name that is open in the batch already is begun anew: a client that asks for it twice never learned of the first one.
 */
export async function createResumable(db: Db, upload: NewResumable): Promise<CreateResumableOutcome> {
  return await db.transaction().execute(async (trx) => {
    // One at a time for each user, so that two files of a batch see one another.
    await sql`select pg_advisory_xact_lock(hashtext('holdfast.resumable'), hashtext(${upload.userId}))`.execute(trx);
    const replaced = upload.batch === null ? [] : await removeNamesake(trx, upload, upload.batch);
    const open = await openUploads(trx, upload.userId, upload.nowMs);
    if (open.count >= RESUMABLE.maxOpen || open.bytes + upload.length > RESUMABLE.maxOpenBytes) {
      return { outcome: "too_many" };
    }
    if (upload.batch !== null) {
      const others = await listBatch(trx, upload.userId, upload.batch);
      const agree = others.every((other) => other.batch_files === upload.batchFiles);
      if (!agree || others.length >= upload.batchFiles) return { outcome: "batch_conflict" };
    }
    const row = await trx
      .insertInto("resumable_uploads")
      .values({
        user_id: upload.userId,
        id: upload.id,
        name: upload.name,
        length: upload.length,
        facts: JSON.stringify(upload.facts),
        batch: upload.batch,
        batch_files: upload.batchFiles,
        created_at: new Date(upload.nowMs),
        expires_at: new Date(upload.nowMs + RESUMABLE.expireMs),
      })
      .returningAll()
      .executeTakeFirstOrThrow();
    return { outcome: "created", row, replaced };
  });
}

async function removeNamesake(trx: Db, { userId, name }: NewResumable, batch: string): Promise<string[]> {
  const rows = await trx
    .deleteFrom("resumable_uploads")
    .where("user_id", "=", userId)
    .where("batch", "=", batch)
    .where("name", "=", name)
    .where("job_id", "is", null)
    .returning("id")
    .execute();
  return rows.map((row) => row.id);
}

async function openUploads(trx: Db, userId: string, nowMs: number): Promise<{ count: number; bytes: number }> {
  const { rows } = await sql<{ count: number; bytes: number }>`
    select count(*)::int as count, coalesce(sum(length), 0)::float8 as bytes from resumable_uploads
    where user_id = ${userId} and job_id is null and expires_at > ${new Date(nowMs)}`.execute(trx);
  return rows[0] ?? { count: 0, bytes: 0 };
}

/** Expired ones included, until they are swept. */
export async function findResumable(db: Db, userId: string, id: string): Promise<ResumableRow | undefined> {
  return await db
    .selectFrom("resumable_uploads")
    .selectAll()
    .where("user_id", "=", userId)
    .where("id", "=", id)
    .executeTakeFirst();
}

/** The uploads of a batch that are no job yet, in the order in which they were begun. */
export async function listBatch(db: Db, userId: string, batch: string): Promise<ResumableRow[]> {
  return await db
    .selectFrom("resumable_uploads")
    .selectAll()
    .where("user_id", "=", userId)
    .where("batch", "=", batch)
    .where("job_id", "is", null)
    .orderBy("created_at")
    .orderBy("id")
    .execute();
}

export interface WriterKey {
  readonly userId: string;
  readonly id: string;
  readonly epoch: number;
}

/**
 * Makes the caller the only one who can record bytes of this upload. Undefined where it does not exist, expired, is whole, or
 * holds another number of bytes.
 */
export async function beginWriting(
  db: Db,
  request: { readonly userId: string; readonly id: string; readonly offset: number; readonly nowMs: number },
): Promise<ResumableRow | undefined> {
  return await db
    .updateTable("resumable_uploads")
    .set({ epoch: sql`epoch + 1` })
    .where("user_id", "=", request.userId)
    .where("id", "=", request.id)
    .where("received", "=", request.offset)
    .where("sha256", "is", null)
    .where("expires_at", ">", sql<number>`${new Date(request.nowMs)}`)
    .returningAll()
    .executeTakeFirst();
}

/** Records durable bytes; `sha256` with the last of them. False where somebody else writes now: nothing was recorded. */
export async function recordReceived(
  db: Db,
  key: WriterKey,
  received: {
    readonly bytes: number;
    readonly blobKey: string;
    readonly sha256: string | null;
    readonly nowMs: number;
  },
): Promise<boolean> {
  const result = await db
    .updateTable("resumable_uploads")
    .set({
      received: received.bytes,
      blob_key: received.blobKey,
      sha256: received.sha256,
      expires_at: new Date(received.nowMs + RESUMABLE.expireMs),
    })
    .where("user_id", "=", key.userId)
    .where("id", "=", key.id)
    .where("epoch", "=", key.epoch)
    .where("received", "<=", received.bytes)
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

export type AcceptResumableOutcome =
  | { readonly outcome: "accepted" }
  | { readonly outcome: "known"; readonly job: Job }
  /** One of them is gone, not whole, or part of another job by now. */
  | { readonly outcome: "changed" };

/** Makes whole uploads one job, and says so in their rows, in one transaction. */
export async function acceptResumable(
  db: Db,
  ids: readonly string[],
  batch: UploadBatch,
): Promise<AcceptResumableOutcome> {
  return await db.transaction().execute(async (trx) => {
    const rows = await trx
      .selectFrom("resumable_uploads")
      .selectAll()
      .where("user_id", "=", batch.userId)
      .where("id", "in", [...ids])
      .orderBy("id")
      .forUpdate()
      .execute();
    if (rows.length !== ids.length || rows.some((row) => row.sha256 === null)) return { outcome: "changed" };
    const jobIds = new Set(rows.map((row) => row.job_id));
    const [only = null] = jobIds;
    if (jobIds.size > 1) return { outcome: "changed" };
    if (only !== null) {
      const job = await findJob(trx, batch.userId, only);
      return job === undefined ? { outcome: "changed" } : { outcome: "known", job };
    }
    const outcome = await acceptInTransaction(trx, batch);
    await trx
      .updateTable("resumable_uploads")
      .set({ job_id: outcome.outcome === "known" ? outcome.job.id : batch.jobId, blob_key: null })
      .where("user_id", "=", batch.userId)
      .where("id", "in", [...ids])
      .execute();
    return outcome;
  });
}

/** False where there was none. */
export async function deleteResumable(db: Db, userId: string, id: string): Promise<boolean> {
  const result = await db
    .deleteFrom("resumable_uploads")
    .where("user_id", "=", userId)
    .where("id", "=", id)
    .executeTakeFirst();
  return result.numDeletedRows === 1n;
}

/** Whole uploads that are no job although nothing is missing: their process died at the last step, or their batch expired. */
export async function findWholeResumables(db: Db, nowMs: number, limit: number): Promise<ResumableRow[]> {
  const { rows } = await sql<ResumableRow>`select * from resumable_uploads u
    where sha256 is not null and job_id is null
      and (batch is null or expires_at <= ${new Date(nowMs)} or batch_files <= (
        select count(*) from resumable_uploads other
        where other.user_id = u.user_id and other.batch = u.batch and other.job_id is null and other.sha256 is not null))
    order by created_at limit ${limit}`.execute(db);
  return rows;
}

/** Uploads whose time is over, and of which nothing is to be saved. */
export async function findExpiredResumables(db: Db, nowMs: number, limit: number): Promise<ResumableRow[]> {
  const { rows } = await sql<ResumableRow>`select * from resumable_uploads
    where expires_at <= ${new Date(nowMs)} and (sha256 is null or job_id is not null)
    order by expires_at limit ${limit}`.execute(db);
  return rows;
}

/** Those of the ids under which there is no upload of anybody. What is no id is left out. */
export async function uploadsWithoutRow(db: Db, ids: readonly string[]): Promise<string[]> {
  const uuids = ids.filter((id) => /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id));
  const { rows } = await sql<{ id: string }>`select id from unnest(${uuids}::uuid[]) as asked (id)
    where not exists (select 1 from resumable_uploads u where u.id = asked.id)`.execute(db);
  return rows.map((row) => row.id);
}
