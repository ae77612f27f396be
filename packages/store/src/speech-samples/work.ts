/**
 * The work of a request for samples, as far as it is rows: what to cut from, and writing what was cut. Bytes are durable before
 * a row names them. Whether segments still carry the name is asked again under the lock of their conversation, so that a name
 * that was taken back meanwhile leaves no sample behind; so is how many samples the person has, under the lock of the person.
 *
 * Locks: the conversation row, then the person's, then the job row, then new rows of samples.
 */
import { SPEECH_SAMPLES } from "@holdfast/contract";
import { chooseSamples, type SampleCut, type SampledSegment } from "@holdfast/core";
import { livingConversation, lockLiving } from "../audio-files/export.ts";
import { type AudioFile, isExportPending, listAudioFiles } from "../audio-files/files.ts";
import { findConversation, loadSegments } from "../conversations/read.ts";
import type { Db } from "../database.ts";
import { deterministicUuid } from "../ids.ts";
import type { Job } from "../jobs/job.ts";
import { completeJob, holdsLease } from "../jobs/settle.ts";
import { findPerson } from "../people/people.ts";
import { countSpeechSamples } from "./request.ts";
import { listSpeechSamples, type SpeechSample, speechSampleId } from "./samples.ts";

/** Whose words a request is about, as its job says. */
export interface SampleSubject {
  readonly personId: string;
  readonly segmentIds: ReadonlySet<string>;
}

export function sampleSubject({ payload }: Pick<Job, "payload">): SampleSubject {
  const { person_id: personId, segment_ids: ids } = payload;
  const segmentIds = Array.isArray(ids) ? ids.filter((id): id is string => typeof id === "string") : [];
  return { personId: typeof personId === "string" ? personId : "", segmentIds: new Set(segmentIds) };
}

export type SampleWork =
  /** Person or conversation were deleted. */
  | { readonly outcome: "gone" }
  /** Its sound is not kept yet, and may still come. */
  | { readonly outcome: "waiting" }
  | { readonly outcome: "ready"; readonly cuts: readonly SampleCut[]; readonly parts: readonly AudioFile[] };

export async function loadSampleWork(db: Db, job: Job, nowMs: number): Promise<SampleWork> {
  const { userId } = job;
  const { personId } = sampleSubject(job);
  const id = await livingConversation(db, userId, job.conversationId);
  const conversation = id === undefined ? undefined : await findConversation(db, userId, id);
  if (conversation === undefined || (await findPerson(db, userId, personId)) === undefined) return { outcome: "gone" };
  const isSettled = conversation.status === "completed" || conversation.status === "failed";
  const isComing = !isSettled || (await isExportPending(db, userId, conversation.id));
  if (isComing && nowMs - job.createdMs < SPEECH_SAMPLES.giveUpMs) return { outcome: "waiting" };
  const parts = await listAudioFiles(db, userId, conversation.id);
  const had = await listSpeechSamples(db, userId, personId);
  const cuts = chooseSamples({
    ...{ personId, parts, had: had.length, sampled: new Set(had.map(({ segmentId }) => segmentId)) },
    segments: await namedSegments(db, job, conversation.id),
    conversationStartMs: conversation.started_at,
  });
  return { outcome: "ready", cuts, parts };
}

/** Those of the request that are in the conversation. */
async function namedSegments(db: Db, job: Job, conversationId: string): Promise<SampledSegment[]> {
  const { segmentIds } = sampleSubject(job);
  return (await loadSegments(db, job.userId, conversationId)).filter(({ id }) => segmentIds.has(id));
}

/** Where the bytes of one generation of a request lie: a function of the job, so that a run that takes over writes the same. */
export function sampleFolder(job: Pick<Job, "id" | "generation">): string {
  return `audio/${deterministicUuid(job.id, "speech_samples", job.generation)}`;
}

export type CutSample = Omit<SpeechSample, "id" | "personId">;

export interface SamplesEnd {
  readonly outcome: "stored" | "gone" | "lease_lost";
  /** What became a sample; the caller removes the other bytes. */
  readonly kept: readonly CutSample[];
}

/** Ends the job whose samples are durable now. */
export async function completeSamples(db: Db, job: Job, cut: readonly CutSample[], nowMs: number): Promise<SamplesEnd> {
  const { userId } = job;
  const { personId } = sampleSubject(job);
  return await db.transaction().execute(async (trx) => {
    const conversationId = await lockLiving(trx, job);
    const isThere = conversationId !== undefined && (await lockPerson(trx, userId, personId));
    if (!(await holdsLease(trx, job))) return { outcome: "lease_lost", kept: [] };
    const kept = isThere ? await writeSamples(trx, job, { personId, conversationId }, cut, nowMs) : [];
    const result = isThere ? { samples: kept.length } : { fenced: true };
    await completeJob(trx, job, { outcome: "completed", result, nowMs });
    return { outcome: isThere ? "stored" : "gone", kept };
  });
}

async function writeSamples(
  trx: Db,
  job: Job,
  of: { readonly personId: string; readonly conversationId: string },
  cut: readonly CutSample[],
  nowMs: number,
): Promise<CutSample[]> {
  const { personId, conversationId } = of;
  const segments = await namedSegments(trx, job, conversationId);
  const named = new Set(segments.filter((segment) => segment.person_id === personId).map(({ id }) => id));
  const kept: CutSample[] = [];
  let room = SPEECH_SAMPLES.perPerson - (await countSpeechSamples(trx, job.userId, personId));
  for (const sample of cut) {
    if (room <= 0 || !named.has(sample.segmentId)) continue;
    const written = await trx
      .insertInto("speech_samples")
      .values({
        user_id: job.userId,
        id: speechSampleId(job.userId, personId, sample.segmentId),
        person_id: personId,
        conversation_id: conversationId,
        segment_id: sample.segmentId,
        samples: sample.samples,
        bytes: sample.bytes,
        blob_key: sample.blobKey,
        created_at: new Date(nowMs),
      })
      .onConflict((conflict) => conflict.columns(["user_id", "id"]).doNothing())
      .executeTakeFirst();
    if (written.numInsertedOrUpdatedRows !== 1n) continue;
    kept.push(sample);
    room -= 1;
  }
  return kept;
}

async function lockPerson(trx: Db, userId: string, personId: string): Promise<boolean> {
  const row = await trx
    .selectFrom("people")
    .select("id")
    .where("user_id", "=", userId)
    .where("id", "=", personId)
    .forUpdate()
    .executeTakeFirst();
  return row !== undefined;
}
