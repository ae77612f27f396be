/**
 * Kept sound of conversations: one row for each part, where a part is a stretch without long gaps that one export made, of live
 * audio or of an upload. The bytes are Ogg Opus in the blob store, kept for good; beside them may lie the same sound as bare
 * samples (`pcm`), which is made when somebody wants to listen and removed when nobody does any more. All samples are mono at
 * 16 kHz.
 */
import type { Selectable } from "kysely";
import type { Db } from "../database.ts";
import { deterministicUuid } from "../ids.ts";
import type { AudioFilesTable } from "../schema.ts";

const AUDIO_FOLDER = "audio";

export type PcmState = "none" | "pending" | "ready" | "failed";

export interface AudioFile {
  readonly userId: string;
  readonly id: string;
  readonly conversationId: string;
  readonly ordinal: number;
  readonly startedAtMs: number;
  /** Filled gaps included. */
  readonly samples: number;
  /** Those of them that were recorded. */
  readonly capturedSamples: number;
  /** Of the Opus file. */
  readonly bytes: number;
  readonly blobKey: string;
  readonly pcmState: PcmState;
}

/** In the order they were recorded. */
export async function listAudioFiles(db: Db, userId: string, conversationId: string): Promise<AudioFile[]> {
  const rows = await db
    .selectFrom("audio_files")
    .selectAll()
    .where("user_id", "=", userId)
    .where("conversation_id", "=", conversationId)
    .orderBy("ordinal")
    .execute();
  return rows.map(audioFileOf);
}

export async function findAudioFile(db: Db, userId: string, id: string): Promise<AudioFile | undefined> {
  const row = await db
    .selectFrom("audio_files")
    .selectAll()
    .where("user_id", "=", userId)
    .where("id", "=", id)
    .executeTakeFirst();
  return row === undefined ? undefined : audioFileOf(row);
}

/** True while sound of this conversation is still being exported. */
export async function isExportPending(db: Db, userId: string, conversationId: string): Promise<boolean> {
  const row = await db
    .selectFrom("jobs")
    .select("id")
    .where("user_id", "=", userId)
    .where("conversation_id", "=", conversationId)
    .where("kind", "=", "audio_export")
    .where("state", "in", ["queued", "leased"])
    .executeTakeFirst();
  return row !== undefined;
}

/** The folder of a conversation's live sound, which can be removed whole. Ids of users and clients never become paths. */
export function audioFolder(userId: string, conversationId: string): string {
  return `${AUDIO_FOLDER}/${deterministicUuid(userId, conversationId, "audio_folder")}`;
}

/** The same for what one export took from an upload: its sound may become another conversation's, its bytes do not move. */
export function exportFolder(exportId: string): string {
  return `${AUDIO_FOLDER}/${exportId}`;
}

/** The folder that holds a file and nothing but what the same export made. */
export function folderOf(blobKey: string): string {
  return blobKey.slice(0, blobKey.lastIndexOf("/"));
}

/** Where the bare samples of a file lie once they are made, beside it: 16-bit little-endian, without a header. */
export function pcmKey({ blobKey }: Pick<AudioFile, "blobKey">): string {
  return `${blobKey.slice(0, blobKey.lastIndexOf("."))}.pcm`;
}

function audioFileOf(row: Selectable<AudioFilesTable>): AudioFile {
  return {
    userId: row.user_id,
    id: row.id,
    conversationId: row.conversation_id,
    ordinal: row.ordinal,
    startedAtMs: row.started_at,
    samples: row.samples,
    capturedSamples: row.captured_samples,
    bytes: row.bytes,
    blobKey: row.blob_key,
    pcmState: row.pcm_state as PcmState,
  };
}
