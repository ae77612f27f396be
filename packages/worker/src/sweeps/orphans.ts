/**
 * What nothing else owns any more: conversations and finalisations that wait for a job that does not exist, and the bytes of
 * uploads whose process died between storing them and writing their job. Found late and rarely; until then they are
 * visible as what they say they are.
 */
import { JOBS } from "@holdfast/contract";
import {
  adoptConversation,
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

/** The folder goes only where no job has its name: bytes of a job are the job's. */
export async function sweepOrphanedBytes(
  { db, blobs, clock, log }: Pick<WorkerDeps, "db" | "blobs" | "clock" | "log">,
  signal: AbortSignal,
): Promise<void> {
  const beforeMs = clock.now() - ORPHANED_BYTES_MS;
  const old = (await blobs.list(UPLOADS_FOLDER)).filter((folder) => folder.modifiedMs < beforeMs);
  const nameOf = ({ prefix }: { readonly prefix: string }): string => prefix.slice(UPLOADS_FOLDER.length + 1);
  for (let at = 0; at < old.length; at += PAGE_ROWS) {
    const page = old.slice(at, at + PAGE_ROWS);
    const unknown = new Set(await jobsWithoutRow(db, page.map(nameOf)));
    const orphans = page.filter((folder) => unknown.has(nameOf(folder)));
    const removed = await eachRow({ name: "orphaned_bytes", log, signal }, orphans, nameOf, async ({ prefix }) => {
      await blobs.removeAll(prefix);
    });
    if (removed > 0) log.warn({ folders: removed }, "bytes of uploads that were never accepted were removed");
  }
}
