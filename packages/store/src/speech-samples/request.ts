/**
 * Asks for samples of a person's voice: a job that cuts them once the sound is kept. Planned in the transaction that stores whose
 * words they are (law L1); a message of a link that says the same again (opcode 105) finds the job there. Nothing is planned
 * for somebody who keeps no sound, for a person who has enough samples, or while too many requests of the user wait.
 *
 * Locks: the one job row, after the conversation row that the caller may hold.
 */
import { SPEECH_SAMPLES } from "@holdfast/contract";
import { isSampleOf, isTerminal, JOB_STATES } from "@holdfast/core";
import { sql } from "kysely";
import type { Db } from "../database.ts";
import { deterministicUuid } from "../ids.ts";
import { enqueueJob } from "../jobs/enqueue.ts";
import { countOpenJobs } from "../jobs/read.ts";
import { findPerson } from "../people/people.ts";
import { privateCloudSync } from "../settings/settings.ts";

export interface SampleRequest {
  readonly userId: string;
  readonly conversationId: string;
  /** Null and the account owner have no samples. */
  readonly personId: string | null;
  readonly segmentIds: readonly string[];
  /** How long it rests first. */
  readonly afterMs: number;
  readonly nowMs: number;
}

/** For a naming: one that was made before, and taken back since, is worked on again; one that rests may rest no longer. */
export async function planSpeechSamples(trx: Db, request: SampleRequest): Promise<void> {
  const id = await enqueueRequest(trx, request);
  if (id === undefined) return;
  const due = new Date(request.nowMs + request.afterMs);
  await sql`update jobs set due_at = least(due_at, ${due}) where user_id = ${request.userId} and id = ${id}
    and state = 'queued' and tries = 0`.execute(trx);
  await askAgain(trx, request, id);
}

/** For what a link says. True where somebody works on it or did, or will. */
export async function requestSpeechSamples(db: Db, request: SampleRequest): Promise<boolean> {
  return (await enqueueRequest(db, request)) !== undefined;
}

/** The id of the request's job; undefined where it may not be asked. */
async function enqueueRequest(db: Db, request: SampleRequest): Promise<string | undefined> {
  const { userId, conversationId, personId, nowMs } = request;
  const segmentIds = [...new Set(request.segmentIds)].sort().slice(0, SPEECH_SAMPLES.maxSegments);
  if (!isSampleOf(personId) || segmentIds.length === 0 || !(await privateCloudSync(db, userId))) return undefined;
  const person = await findPerson(db, userId, personId);
  if (person === undefined || (await countSpeechSamples(db, userId, person.id)) >= SPEECH_SAMPLES.perPerson) {
    return undefined;
  }
  const waiting = await countOpenJobs(db, userId, "speech_sample");
  if (waiting >= SPEECH_SAMPLES.maxWaiting) return undefined;
  const id = deterministicUuid(userId, conversationId, "speech_sample", person.id, ...segmentIds);
  await enqueueJob(db, {
    ...{ userId, id, kind: "speech_sample", conversationId, rank: waiting },
    payload: { person_id: person.id, segment_ids: segmentIds },
    dueMs: nowMs + request.afterMs,
    nowMs,
  });
  return id;
}

/** A new generation of a request that ended; its epoch goes on, so that nobody of the old one can write. */
async function askAgain(trx: Db, { userId, nowMs, afterMs }: SampleRequest, id: string): Promise<void> {
  await trx
    .updateTable("jobs")
    .set((eb) => ({
      state: "queued",
      generation: eb("generation", "+", 1),
      ...{ attempts: 0, tries: 0, lost_leases: 0, result: null, reason_code: null, failure_class: null },
      ...{ last_error: null, completed_at: null, due_at: new Date(nowMs + afterMs) },
      ...{ created_at: new Date(nowMs), updated_at: new Date(nowMs) },
    }))
    .where("user_id", "=", userId)
    .where("id", "=", id)
    .where("state", "in", JOB_STATES.filter(isTerminal))
    .execute();
}

export async function countSpeechSamples(db: Db, userId: string, personId: string): Promise<number> {
  const row = await db
    .selectFrom("speech_samples")
    .select((eb) => eb.fn.countAll<number>().as("n"))
    .where("user_id", "=", userId)
    .where("person_id", "=", personId)
    .executeTakeFirstOrThrow();
  return Number(row.n);
}
