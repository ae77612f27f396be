/**
 * Deleting an account, durably. What is asked for is one row, written in the transaction that takes the user and every token
 * away; from then on nobody gets in. Sweeps do the rest in small steps, and each may die anywhere and be made again:
 *
 * 1. every job is fenced: ended, with its lease epoch raised, so that whoever works on it can write nothing more;
 * 2. bytes go before the rows that name them, rows go page by page;
 * 3. jobs stay, as the list of the folders that late workers may still write to, until nobody can be at work any more; then
 *    their folders go once more, and then they;
 * 4. the account is gone when a pass after that time found nothing.
 *
 * The row stays a day longer, for requests that began before and end late (`requireAccount`).
 * Locks: the user's row and its tokens; then rows of one table at a time, a page in a statement. A sweep that meets a deadlock is
 * rolled back and made again.
 */
import { sql } from "kysely";
import { folderOfExport } from "../audio-files/export.ts";
import { folderOf } from "../audio-files/files.ts";
import type { BlobStore } from "../blobs/port.ts";
import type { Db } from "../database.ts";
import { type Job, jobOf } from "../jobs/job.ts";
import type { Schema } from "../schema.ts";
import { sampleFolder } from "../speech-samples/work.ts";
import { uploadFolder } from "../uploads/accept.ts";
import { resumableFolder } from "../uploads/resumable.ts";

/** Longer than a lease, a remembered token, and a pass of a worker that does not know yet. */
export const DELETION_GRACE_MS = 120_000;
/** Longer than any request may take. */
const REMEMBERED_MS = 86_400_000;
const PAGE_ROWS = 500;

export interface AccountDeletion {
  readonly userId: string;
  readonly requestedMs: number;
}

/** Rows without bytes of their own, those that are referred to last. Of what refers to jobs, rows go with them. */
const TABLES = [
  ...[
    "segments",
    "photos",
    "audio_chunks",
    "recording_sessions",
    "conversations",
    "memories",
    "action_items",
    "people",
  ],
  ...["capture_claims", "sync_contents", "sync_pieces", "deliveries", "webhooks", "user_settings"],
  ...["fair_use_speech", "fair_use_users", "fair_use_events", "fair_use_budgets"],
] as readonly (keyof Schema)[];

/** Nobody gets in any more when this returns. A repeated call changes nothing. */
export async function requestAccountDeletion(db: Db, userId: string, nowMs: number): Promise<void> {
  const now = new Date(nowMs);
  await db.transaction().execute(async (trx) => {
    await trx.deleteFrom("users").where("id", "=", userId).execute();
    await trx
      .insertInto("account_deletions")
      .values({ user_id: userId, requested_at: now, finished_at: null })
      .onConflict((conflict) => conflict.column("user_id").doUpdateSet({ requested_at: now, finished_at: null }))
      .execute();
  });
}

/** Those that are not finished, the oldest first. */
export async function listAccountDeletions(db: Db, limit: number): Promise<AccountDeletion[]> {
  const rows = await db
    .selectFrom("account_deletions")
    .selectAll()
    .where("finished_at", "is", null)
    .orderBy("requested_at")
    .limit(limit)
    .execute();
  return rows.map((row) => ({ userId: row.user_id, requestedMs: row.requested_at }));
}

export async function forgetAccountDeletions(db: Db, nowMs: number): Promise<void> {
  const before = sql<number>`${new Date(nowMs - REMEMBERED_MS)}`;
  await db.deleteFrom("account_deletions").where("finished_at", "<=", before).execute();
}

/** One pass. True where nothing is left. */
export async function sweepAccount(
  db: Db,
  blobs: BlobStore,
  deletion: AccountDeletion,
  nowMs: number,
): Promise<boolean> {
  const { userId, requestedMs } = deletion;
  let removed = await fenceJobs(db, userId, nowMs);
  removed += await removeWithBytes(db, blobs, userId, "audio_files", (row) => folderOf(row));
  removed += await removeWithBytes(db, blobs, userId, "speech_samples", (row) => row);
  removed += await removeResumable(db, blobs, userId);
  for (const table of TABLES) removed += await removeRows(db, userId, table);
  if (nowMs < requestedMs + DELETION_GRACE_MS) return false;
  removed += await removeJobs(db, blobs, userId);
  removed += await removeRows(db, userId, "sync_turns");
  if (removed > 0) return false;
  const finished_at = new Date(nowMs);
  await db.updateTable("account_deletions").set({ finished_at }).where("user_id", "=", userId).execute();
  return true;
}

async function fenceJobs(db: Db, userId: string, nowMs: number): Promise<number> {
  const now = new Date(nowMs);
  const { rows } = await sql`update jobs set state = 'failed', reason_code = 'account_deleted', lease_owner = null,
      lease_until = null, lease_epoch = lease_epoch + 1, completed_at = ${now}, updated_at = ${now}
    where user_id = ${userId} and state in ('queued', 'leased', 'blocked') returning 1`.execute(db);
  return rows.length;
}

async function removeRows(db: Db, userId: string, table: keyof Schema): Promise<number> {
  return await byPages(async () => {
    const { rows } = await sql`delete from ${sql.table(table)} where ctid = any(array(
      select ctid from ${sql.table(table)} where user_id = ${userId} limit ${PAGE_ROWS})) returning 1`.execute(db);
    return rows.length;
  });
}

async function removeWithBytes(
  db: Db,
  blobs: BlobStore,
  userId: string,
  table: "audio_files" | "speech_samples",
  prefixOf: (blobKey: string) => string,
): Promise<number> {
  return await byPages(async () => {
    const query = db.selectFrom(table).select(["id", "blob_key"]).where("user_id", "=", userId);
    const rows = await query.limit(PAGE_ROWS).execute();
    for (const prefix of new Set(rows.map((row) => prefixOf(row.blob_key)))) await blobs.removeAll(prefix);
    await removeByIds(db, userId, table, rows);
    return rows.length;
  });
}

async function removeResumable(db: Db, blobs: BlobStore, userId: string): Promise<number> {
  return await byPages(async () => {
    const query = db.selectFrom("resumable_uploads").select("id").where("user_id", "=", userId);
    const rows = await query.limit(PAGE_ROWS).execute();
    for (const { id } of rows) await blobs.removeAll(resumableFolder(id));
    await removeByIds(db, userId, "resumable_uploads", rows);
    return rows.length;
  });
}

async function removeJobs(db: Db, blobs: BlobStore, userId: string): Promise<number> {
  return await byPages(async () => {
    const rows = await db.selectFrom("jobs").selectAll().where("user_id", "=", userId).limit(PAGE_ROWS).execute();
    for (const job of rows.map(jobOf)) for (const folder of foldersOf(job)) await blobs.removeAll(folder);
    await removeByIds(db, userId, "jobs", rows);
    return rows.length;
  });
}

type WithIds = "audio_files" | "speech_samples" | "resumable_uploads" | "jobs";

async function removeByIds(
  db: Db,
  userId: string,
  table: WithIds,
  rows: readonly { readonly id: string }[],
): Promise<void> {
  const ids = rows.map(({ id }) => id);
  await sql`delete from ${sql.table(table)} where user_id = ${userId} and id = any(${ids}::uuid[])`.execute(db);
}

/** Where the work of a job may have left bytes. */
function foldersOf(job: Job): string[] {
  switch (job.kind) {
    case "sync":
      return [uploadFolder(job.id)];
    case "audio_export":
      return [folderOfExport(job)];
    case "speech_sample":
      return Array.from({ length: job.generation }, (_, n) => sampleFolder({ id: job.id, generation: n + 1 }));
    case "audio_removal": {
      const { folders } = job.payload;
      return Array.isArray(folders) ? folders.filter((folder) => typeof folder === "string") : [];
    }
    default:
      return [];
  }
}

/** Until a page is not full. Returns how many rows went. */
async function byPages(page: () => Promise<number>): Promise<number> {
  let total = 0;
  for (;;) {
    const count = await page();
    total += count;
    if (count < PAGE_ROWS) return total;
  }
}
