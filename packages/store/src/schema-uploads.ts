/** The tables of uploads and of their queue, see `schema.ts`. */
import type { Generated } from "kysely";
import type { Json, NullableJson, NullableTime, Time } from "./schema-columns.ts";

/** Kept by a trigger, see migration 0009. */
export interface SyncTurnsTable {
  user_id: string;
  lane: string;
  waiting: Generated<number>;
  audio_seconds: Generated<number>;
  ready_at: NullableTime;
  turn_at: Time;
}

export interface ServiceFiguresTable {
  name: string;
  labels: string;
  value: number;
}

export interface ServiceSpeedTable {
  kind: string;
  speed: number;
  measured_at: Time;
}

export interface UploadFilesTable {
  user_id: string;
  job_id: string;
  ordinal: number;
  name: string;
  bytes: number;
  sha256: string;
  blob_key: string;
  captured_at: NullableTime;
}

export interface SyncContentsTable {
  user_id: string;
  content_id: string;
  job_id: string;
  /** How it ended, kept when its job goes. */
  result: NullableJson<Record<string, unknown>>;
  /** Why it failed the last times, if always for the same reason. */
  failure_cause: string | null;
  failure_count: Generated<number>;
  failure_first_at: NullableTime;
  paused_until: NullableTime;
  created_at: Time;
}

export interface ServerSecretsTable {
  name: string;
  secret: Buffer;
  created_at: Time;
}

export interface CaptureClaimsTable {
  user_id: string;
  conversation_id: string;
  /** Digest of the names and digests of its files. */
  file_set: string;
  claimed_at: Time;
}

export interface ResumableUploadsTable {
  user_id: string;
  id: string;
  name: string;
  length: number;
  /** Durable bytes. */
  received: Generated<number>;
  /** What the client said about the recording. */
  facts: Json<Record<string, unknown>>;
  /** Uploads of one batch become one job. */
  batch: string | null;
  batch_files: Generated<number>;
  /** Grows with each writer; an older one can record nothing. */
  epoch: Generated<number>;
  /** Names the process that writes it. */
  blob_key: string | null;
  /** Set when the last byte is durable. */
  sha256: string | null;
  job_id: string | null;
  created_at: Time;
  expires_at: Time;
}

export interface SyncPiecesTable {
  user_id: string;
  id: string;
  conversation_ids: string[];
  created_at: Time;
}

/** Sound of uploads that is not safe in a file of its own yet, see migration 0011. */
export interface PiecesToKeepTable {
  user_id: string;
  job_id: string;
  blob_key: string;
  /** At 16 kHz. */
  from_sample: number;
  samples: number;
  started_at: Time;
  /** Where its words went; null where it has none. */
  conversation_id: string | null;
  export_id: Generated<string | null>;
}
