/**
 * What nothing else owns any more: conversations and finalisations that wait for a job that does not exist, and the bytes of
 * uploads whose process died between storing them and writing their job, or between the end of the job and their removal. Found
 * late and rarely; until then they are visible as what they say they are.
 */
import { JOBS } from "@holdfast/contract";
import {
  adoptConversation,
  completedUploads,
  findOrphanedConversations,
  findStrandedFinalizations,
  jobsWithoutRow,
  releaseFinalization,
  UPLOADS_FOLDER,
} from "@holdfast/store";
import type { WorkerDeps } from "../deps.ts";
import { eachRow } from "./rows.ts";

const PAGE_ROWS = 100;

/** An upload commits its files and writes its job within seconds; no process takes an hour between the two. */
const ORPHANED_BYTES_MS = 3_600_000;

const byConversation = (row: { readonly conversationId: string }): string => row.conversationId;

export async function sweepOrphans({ db, clock, log }: WorkerDeps, signal: AbortSignal): Promise<void> {
  const beforeMs = clock.now() - JOBS.orphanGraceMs;
  const sweep = { name: "orphaned_conversations", log, signal };
  await eachRow(sweep, await findOrphanedConversations(db, beforeMs, PAGE_ROWS), byConversation, async (row) => {
    const ticket = await adoptConversation(db, row, beforeMs, clock.now());
    if (ticket !== undefined) {
      log.warn(
        { conversationId: row.conversationId, jobId: ticket.jobId },
        "a conversation that nobody owned was adopted",
      );
    }
  });
  const stranded = { name: "stranded_finalizations", log, signal };
  await eachRow(stranded, await findStrandedFinalizations(db, beforeMs, PAGE_ROWS), byConversation, async (row) => {
    const released = await releaseFinalization(db, row, clock.now());
    if (released) log.warn({ conversationId: row.conversationId }, "a finalisation that waited for nothing goes on");
  });
}

/**
 * The folder goes only where no job has its name, or a completed one, whose worker died before it removed it: bytes of any other
 * job are the job's (law L8).
 */
export async function sweepOrphanedBytes(
  { db, blobs, clock, log }: Pick<WorkerDeps, "db" | "blobs" | "clock" | "log">,
  signal: AbortSignal,
): Promise<void> {
  const beforeMs = clock.now() - ORPHANED_BYTES_MS;
  const folders = await blobs.list(UPLOADS_FOLDER);
  const nameOf = ({ prefix }: { readonly prefix: string }): string => prefix.slice(UPLOADS_FOLDER.length + 1);
  for (let at = 0; at < folders.length && !signal.aborted; at += PAGE_ROWS) {
    const page = folders.slice(at, at + PAGE_ROWS);
    const old = page.filter((folder) => folder.modifiedMs < beforeMs);
    const unknown = old.length === 0 ? [] : await jobsWithoutRow(db, old.map(nameOf));
    const unneeded = new Set([...unknown, ...(await completedUploads(db, page.map(nameOf)))]);
    const orphans = page.filter((folder) => unneeded.has(nameOf(folder)));
    const removed = await eachRow({ name: "orphaned_bytes", log, signal }, orphans, nameOf, async ({ prefix }) => {
      await blobs.removeAll(prefix);
    });
    if (removed > 0) log.warn({ folders: removed }, "bytes of uploads that no job needs were removed");
  }
}
