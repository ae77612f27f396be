/** What a summariser needs to know of a stored conversation. */
import { type ConversationRow, type Db, findConversation, type Job, loadPhotos, loadSegments } from "@holdfast/store";
import type { SummaryInput } from "../summary/port.ts";
import { mayDiscard } from "./discard.ts";
import { isEnrichment } from "./enrich.ts";

/** Undefined where the conversation is gone or names another job: nothing this job makes could be written. */
export async function loadInput(db: Db, job: Job): Promise<SummaryInput | undefined> {
  const row = await findConversation(db, job.userId, job.conversationId ?? "");
  if (row === undefined || row.finalization_job_id !== job.id) return undefined;
  const segments = await loadSegments(db, job.userId, row.id);
  const photos = await loadPhotos(db, job.userId, row.id, { withBytes: false });
  const force = job.payload.force === true || isEnrichment(job.payload);
  // Judged with the words, so it says what is there now (reference offline-sync 5.4).
  const fillersOnly = row.sync_relevance === "review" && !force;
  return {
    conversationId: row.id,
    segments,
    language: row.language,
    startedAtMs: row.started_at,
    durationSeconds: durationSeconds(row, segments.at(-1)?.end ?? 0),
    pictures: photos.flatMap(({ description }) => (description === null || description === "" ? [] : [description])),
    // Somebody took the trouble to take a picture.
    mayDiscard: photos.length === 0 && !fillersOnly && mayDiscard(segments, force),
    fillersOnly,
  };
}

function durationSeconds(row: ConversationRow, lastEnd: number): number {
  return Math.max(0, (row.finished_at - row.started_at) / 1000, lastEnd);
}
