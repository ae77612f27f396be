/** Samples of a person's voice as rows, in the order they were made. All sound is mono at 16 kHz, in WAV files. */
import type { Selectable } from "kysely";
import type { Db } from "../database.ts";
import { deterministicUuid } from "../ids.ts";
import type { SpeechSamplesTable } from "../schema.ts";

export interface SpeechSample {
  readonly id: string;
  readonly personId: string;
  readonly segmentId: string;
  readonly samples: number;
  readonly bytes: number;
  readonly blobKey: string;
}

/** The same words are the same sample, whoever asks for it, and whatever conversation they are in by now. */
export function speechSampleId(userId: string, personId: string, segmentId: string): string {
  return deterministicUuid(userId, personId, "speech_sample", segmentId);
}

/** Of the named people, or of all of the user's. */
export async function listSpeechSamples(db: Db, userId: string, personId?: string): Promise<SpeechSample[]> {
  let query = db.selectFrom("speech_samples").selectAll().where("user_id", "=", userId);
  if (personId !== undefined) query = query.where("person_id", "=", personId);
  return (await query.orderBy("created_at").orderBy("id").execute()).map(sampleOf);
}

function sampleOf(row: Selectable<SpeechSamplesTable>): SpeechSample {
  return {
    id: row.id,
    personId: row.person_id,
    segmentId: row.segment_id,
    samples: row.samples,
    bytes: row.bytes,
    blobKey: row.blob_key,
  };
}
