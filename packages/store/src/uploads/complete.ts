/**
 * Ends an offline job: its outcome, the finalisation of every conversation it wrote to, the exports that keep its sound, and what
 * is remembered of its content are one transaction, so a job that says `completed` has conversations that somebody will finish
 * (law L1). A conversation
 * is finalised once, by the job that wrote to it last; one that is being recorded is left to its session.
 *
 * Locks: conversation rows by id, then job rows, then the content row, then the pieces of the job.
 */
import { isTerminal } from "@holdfast/core";
import { planExports } from "../audio-files/keep.ts";
import { requestFinalization } from "../conversations/admit.ts";
import type { Db } from "../database.ts";
import { fencedTransaction } from "../jobs/fenced-transaction.ts";
import type { Job } from "../jobs/job.ts";
import { type Completion, completeJob, decideFailure, failJob, type JobFailure } from "../jobs/settle.ts";
import { noteContentEnd } from "./contents.ts";
import { followMerges } from "./lineage.ts";

/** The same bytes will not decode tomorrow either (reference offline-sync 7.7). */
const UNDECODABLE = "sync_invalid_audio";
/** What an error becomes that nobody expected: one in the code or in the shape of the data, which meets the same bytes again. */
const UNEXPECTED = "internal";

/** False where the lease was lost; nothing was written then. */
export async function completeUpload(
  db: Db,
  job: Job,
  touchedIds: readonly string[],
  completion: Completion,
): Promise<boolean> {
  const completed = await fencedTransaction(db, async (trx, lost) => {
    const result = await withLivingIds(trx, job.userId, completion.result);
    await finalizeAll(trx, job, touchedIds, completion.nowMs);
    if (!(await completeJob(trx, job, { ...completion, result }))) lost();
    const isUndecodable = completion.outcome === "failed" && completion.reasonCode === UNDECODABLE;
    await noteContentEnd(trx, job, isUndecodable ? UNDECODABLE : null, completion.nowMs);
    await planExports(trx, job, completion.nowMs);
    return true;
  });
  return completed === true;
}

/** In the order of their ids, which is the order in which every transaction locks them. */
async function finalizeAll(trx: Db, job: Job, touchedIds: readonly string[], nowMs: number): Promise<void> {
  const { userId } = job;
  const now = [...(await followMerges(trx, userId, touchedIds)).values()];
  for (const conversationId of [...new Set(now.map(({ id }) => id))].sort()) {
    const row = await trx
      .selectFrom("conversations")
      .select("upload_job_id")
      .where("user_id", "=", userId)
      .where("id", "=", conversationId)
      .forUpdate()
      .executeTakeFirst();
    if (row?.upload_job_id !== job.id) continue;
    await requestFinalization(trx, { userId, conversationId, trigger: "finalize", force: false, nowMs });
  }
}

/** What became part of another conversation is named by that one, what was deleted by nothing. */
async function withLivingIds(trx: Db, userId: string, result: Completion["result"]): Promise<Completion["result"]> {
  const created = idsOf(result.new_memories);
  const updated = idsOf(result.updated_memories);
  const now = await followMerges(trx, userId, [...created, ...updated]);
  const living = (ids: readonly string[]): string[] => {
    const found = ids.flatMap((id) => {
      const place = now.get(id);
      return place === undefined || place.isDeleted ? [] : [{ id: place.id, isMerged: place.isMerged }];
    });
    return [...new Set(found.map(({ id }) => id))].sort();
  };
  // What this job began and another one's conversation took in existed before, as far as a client can see.
  const absorbed = created.filter((id) => now.get(id)?.isMerged === true);
  const begun = living(created.filter((id) => !absorbed.includes(id)));
  const grown = living([...updated, ...absorbed]).filter((id) => !begun.includes(id));
  return { ...result, new_memories: begun, updated_memories: grown };
}

function idsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === "string") : [];
}

/**
 * Records a failed try of an upload. Where it was the last one, conversations that earlier files of the batch reached are
 * finalised all the same (law L10). Returns the job's new state, or undefined where the lease was lost.
 */
export async function failUpload(
  db: Db,
  job: Job,
  touchedIds: readonly string[],
  failure: JobFailure,
  nowMs: number,
  random: number,
): Promise<Job["state"] | undefined> {
  const decision = decideFailure(job, failure, random);
  const ends = decision !== undefined && isTerminal(decision.state);
  return await fencedTransaction(db, async (trx, lost) => {
    if (ends) await finalizeAll(trx, job, touchedIds, nowMs);
    const state = (await failJob(trx, job, failure, nowMs, random)) ?? lost();
    const isRepeatable = failure.class === "permanent_input" || failure.code === UNEXPECTED;
    if (ends) await noteContentEnd(trx, job, isRepeatable ? failure.code : null, nowMs);
    if (ends) await planExports(trx, job, nowMs);
    return state;
  });
}
