/**
 * Puts the words of one offline recording into conversations and records the progress of its job, in one transaction fenced
 * by the job's epoch: a worker that dies leaves whole files done or untouched, and a repeated file changes nothing.
 *
 * Locks: an advisory lock per user (assignment is serial per user, so that neighbours find each other), then conversation
 * rows by id, then the job row.
 */
import type { Segment } from "@holdfast/contract";
import { SYNC } from "@holdfast/contract";
import { type Assignment, assignStretches } from "@holdfast/core";
import { sql } from "kysely";
import { createConversation } from "../conversations/create.ts";
import type { ConversationRow } from "../conversations/read.ts";
import { shiftSegments, upsertSegments } from "../conversations/segments.ts";
import type { Db } from "../database.ts";
import { deterministicUuid } from "../ids.ts";
import { fencedTransaction } from "../jobs/fenced-transaction.ts";
import type { Job } from "../jobs/job.ts";
import { holdsLease, progressJob } from "../jobs/settle.ts";

/** One utterance with wall times. `id` is a function of the recording's bytes and the position in it. */
export interface SpokenStretch {
  readonly id: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly text: string;
  readonly sttProvider: string | null;
}

export interface FileAssignment {
  readonly source: string;
  readonly clientDeviceId: string | null;
  readonly clientPlatform: string | null;
  readonly language: string | null;
  readonly stretches: readonly SpokenStretch[];
  /** Progress of the job after this file; the ids of touched conversations are added to it. */
  readonly progress: (touched: TouchedConversations) => Readonly<Record<string, unknown>>;
  readonly stage: string;
  readonly nowMs: number;
}

export interface TouchedConversations {
  readonly created: readonly string[];
  readonly updated: readonly string[];
}

/** Undefined where the lease was lost; nothing was written then. */
export async function assignFile(db: Db, job: Job, file: FileAssignment): Promise<TouchedConversations | undefined> {
  return await fencedTransaction(db, async (trx, lost) => {
    await sql`select pg_advisory_xact_lock(hashtext('holdfast.assign'), hashtext(${job.userId}))`.execute(trx);
    const touched = await assign(trx, job, file);
    if (!(await holdsLease(trx, job))) lost();
    await progressJob(trx, job, file.nowMs, file.progress(touched), file.stage);
    return touched;
  });
}

async function assign(trx: Db, job: Job, file: FileAssignment): Promise<TouchedConversations> {
  const first = file.stretches[0];
  if (first === undefined) return { created: [], updated: [] };
  const known = await neighbours(trx, job, file);
  const assignments = assignStretches(
    known.map((row) => ({ id: row.id, startMs: row.started_at, endMs: row.finished_at })),
    file.stretches,
    SYNC.joinGapMs,
    (stretch) =>
      deterministicUuid(job.userId, "sync", file.source, file.clientDeviceId ?? "", Math.round(stretch.startMs)),
  );
  const created: string[] = [];
  const updated: string[] = [];
  for (const assignment of assignments) {
    const row = known.find((candidate) => candidate.id === assignment.conversationId);
    if (row === undefined) {
      await createConversation(trx, {
        userId: job.userId,
        id: assignment.conversationId,
        origin: "sync",
        source: file.source,
        language: file.language,
        externalData: null,
        clientDeviceId: file.clientDeviceId,
        clientPlatform: file.clientPlatform,
        recordingSessionId: null,
        silenceTimeoutMs: SYNC.joinGapMs,
        startedAtMs: assignment.span.startMs,
        nowMs: file.nowMs,
      });
      created.push(assignment.conversationId);
    } else {
      await shiftSegments(trx, row.user_id, row.id, row.started_at - assignment.span.startMs);
      updated.push(assignment.conversationId);
    }
    await writeStretches(trx, job.userId, assignment);
    await widen(trx, job, assignment, file.nowMs);
  }
  return { created, updated };
}

/** Conversations of the same source and device near the recording, locked in id order. */
async function neighbours(trx: Db, job: Job, file: FileAssignment): Promise<ConversationRow[]> {
  const startMs = Math.min(...file.stretches.map((stretch) => stretch.startMs)) - SYNC.joinGapMs;
  const endMs = Math.max(...file.stretches.map((stretch) => stretch.endMs)) + SYNC.joinGapMs;
  return await trx
    .selectFrom("conversations")
    .selectAll()
    .where("user_id", "=", job.userId)
    .where("origin", "=", "sync")
    .where("source", "=", file.source)
    .where("client_device_id", "is not distinct from", file.clientDeviceId)
    .where("deleted_at", "is", null)
    .where("is_locked", "=", false)
    .where((eb) => eb("finished_at", ">=", sql<number>`${new Date(startMs)}`))
    .where((eb) => eb("started_at", "<=", sql<number>`${new Date(endMs)}`))
    .orderBy("id")
    .forUpdate()
    .execute();
}

async function writeStretches(trx: Db, userId: string, assignment: Assignment<SpokenStretch>): Promise<void> {
  const present = await trx
    .selectFrom("segments")
    .select(["id", "start_s", "end_s", "text"])
    .where("user_id", "=", userId)
    .where("conversation_id", "=", assignment.conversationId)
    .execute();
  const ids = new Set(present.map((row) => row.id));
  const said = new Set(present.map((row) => placeOf(row.start_s, row.end_s, row.text)));
  const segments = assignment.stretches.map((stretch) => segmentOf(stretch, assignment.span.startMs));
  await upsertSegments(
    trx,
    userId,
    assignment.conversationId,
    segments.filter((segment) => !ids.has(segment.id) && !said.has(placeOf(segment.start, segment.end, segment.text))),
  );
}

/** The same words at the same time, to a hundredth of a second, are the same words (reference offline-sync 5.5). */
function placeOf(startS: number, endS: number, text: string): string {
  return `${startS.toFixed(2)}-${endS.toFixed(2)} ${text}`;
}

function segmentOf(stretch: SpokenStretch, startedAtMs: number): Segment {
  return {
    id: stretch.id,
    text: stretch.text,
    speaker: "SPEAKER_00",
    speaker_id: 0,
    is_user: false,
    person_id: null,
    start: (stretch.startMs - startedAtMs) / 1000,
    end: (stretch.endMs - startedAtMs) / 1000,
    translations: [],
    speech_profile_processed: true,
    stt_provider: stretch.sttProvider,
  };
}

async function widen(
  trx: Db,
  { userId, id: jobId }: Job,
  assignment: Assignment<SpokenStretch>,
  nowMs: number,
): Promise<void> {
  await trx
    .updateTable("conversations")
    .set({
      started_at: new Date(assignment.span.startMs),
      created_at: sql`least(created_at, ${new Date(assignment.span.startMs)})`,
      finished_at: new Date(assignment.span.endMs),
      status: sql`case when status = 'completed' then 'merging' else status end`,
      state_reason: "transcribing_upload",
      upload_job_id: jobId,
      updated_at: new Date(nowMs),
    })
    .where("user_id", "=", userId)
    .where("id", "=", assignment.conversationId)
    .execute();
}
