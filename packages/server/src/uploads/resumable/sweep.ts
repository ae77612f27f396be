/**
 * What no client's request ends: whole uploads whose process died before their job was written, or whose batch never came
 * together in time, become jobs; what expired in the middle goes with its bytes; and so do bytes without an upload, and what
 * the accept path remembered long enough. Every gateway sweeps; the store decides each row under its lock.
 */
import { messageOf } from "@holdfast/contract";
import {
  deleteResumable,
  findExpiredResumables,
  findWholeResumables,
  forgetCaptureClaims,
  forgetContents,
  listBatch,
  RESUMABLE_FOLDER,
  type ResumableRow,
  resumableFolder,
  uploadsWithoutRow,
} from "@holdfast/store";
import type { UploadContext } from "../routes.ts";
import { finishRows } from "./finish.ts";

const PAGE_ROWS = 100;
/** The row of an upload is written before its folder; no process takes an hour between the two. */
const ORPHANED_BYTES_MS = 3_600_000;

export async function sweepResumables(context: UploadContext): Promise<void> {
  const { db, clock } = context;
  await finishWhole(context);
  for (const row of await findExpiredResumables(db, clock.now(), PAGE_ROWS)) {
    if (context.draining.aborted) return;
    await deleteResumable(db, row.user_id, row.id);
    await context.blobs.removeAll(resumableFolder(row.id));
    if (row.job_id === null) context.log.info({ uploadId: row.id, bytes: row.received }, "an upload expired");
  }
  await removeOrphans(context);
  await forgetCaptureClaims(db, clock.now());
  await forgetContents(db, clock.now(), PAGE_ROWS * 10);
}

async function finishWhole(context: UploadContext): Promise<void> {
  const done = new Set<string>();
  for (const row of await findWholeResumables(context.db, context.clock.now(), PAGE_ROWS)) {
    if (context.draining.aborted || done.has(row.id)) continue;
    try {
      const rows = await wholeOnes(context, row);
      for (const each of rows) done.add(each.id);
      const job = await finishRows(context, rows, row);
      if (job !== undefined)
        context.log.info({ uploadId: row.id, jobId: job.job_id }, "an upload left behind is a job");
    } catch (error) {
      context.log.warn({ uploadId: row.id, error: messageOf(error) }, "a whole upload could not become a job");
    }
  }
}

async function wholeOnes({ db }: UploadContext, row: ResumableRow): Promise<ResumableRow[]> {
  if (row.batch === null) return [row];
  return (await listBatch(db, row.user_id, row.batch)).filter((each) => each.sha256 !== null);
}

async function removeOrphans({ db, blobs, clock, log }: UploadContext): Promise<void> {
  const beforeMs = clock.now() - ORPHANED_BYTES_MS;
  const idOf = (prefix: string): string => prefix.slice(RESUMABLE_FOLDER.length + 1);
  const old = (await blobs.list(RESUMABLE_FOLDER)).filter((folder) => folder.modifiedMs < beforeMs);
  const orphans = await uploadsWithoutRow(
    db,
    old.map(({ prefix }) => idOf(prefix)),
  );
  for (const id of orphans) await blobs.removeAll(resumableFolder(id));
  const staged = await blobs.discardAbandoned(clock.now());
  if (staged > 0) log.warn({ files: staged }, "bytes of uploads that were cut off by a crash were removed");
  if (orphans.length > 0) log.warn({ folders: orphans.length }, "bytes of uploads that nobody knows were removed");
}
