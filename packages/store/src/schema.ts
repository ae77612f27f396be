/**
 * The tables as TypeScript sees them. Times are Unix milliseconds on this side and `timestamptz` in the database; the
 * conversion is in `database.ts`. Every table of user data has `user_id` first in its key, so it can be partitioned by user.
 */
import type { ColumnType, Generated } from "kysely";
import type { AudioFileView } from "./audio-files/view.ts";
import type { Json, NullableJson, NullableTime, Time } from "./schema-columns.ts";
import type {
  FairUseBudgetsTable,
  FairUseEventsTable,
  FairUseSpeechTable,
  FairUseUsersTable,
} from "./schema-fair-use.ts";
import type {
  CaptureClaimsTable,
  PiecesToKeepTable,
  ResumableUploadsTable,
  ServerSecretsTable,
  ServiceFiguresTable,
  ServiceSpeedTable,
  SyncContentsTable,
  SyncPiecesTable,
  SyncTurnsTable,
  UploadFilesTable,
} from "./schema-uploads.ts";

export interface UsersTable {
  id: string;
  created_at: Time;
}

export interface TokensTable {
  hash: Buffer;
  user_id: string;
  name: string;
  created_at: Time;
  expires_at: NullableTime;
  revoked_at: NullableTime;
  last_used_at: NullableTime;
}

export interface AccountDeletionsTable {
  user_id: string;
  requested_at: Time;
  /** Null while something may be left. */
  finished_at: NullableTime;
}

export interface ConversationsTable {
  user_id: string;
  id: string;
  status: string;
  discarded: Generated<boolean>;
  starred: Generated<boolean>;
  is_locked: Generated<boolean>;
  visibility: Generated<string>;
  origin: string;
  source: string;
  language: string | null;
  structured: Json<Record<string, unknown>>;
  external_data: NullableJson<Record<string, unknown>>;
  client_device_id: string | null;
  client_platform: string | null;
  recording_session_id: string | null;
  call_id: string | null;
  summary_kind: string | null;
  state_reason: string | null;
  user_title: Generated<boolean>;
  /** A person wrote the overview. */
  user_summary: Generated<boolean>;
  silence_timeout_ms: number;
  end_requested_at: NullableTime;
  finalization_revision: Generated<number>;
  finalization_job_id: string | null;
  /** The offline job whose words are arriving, until it asks for the summary. */
  upload_job_id: Generated<string | null>;
  /** Set by a trigger. */
  lifecycle_sequence: ColumnType<number, never, never>;
  /** The finalisation whose result is shown; null before the first. */
  completed_revision: number | null;
  /** Where it was recorded, as a client said it. */
  geolocation: NullableJson<Record<string, unknown>>;
  /** The conversation that this one became part of; it is deleted then. */
  sync_merged_into: Generated<string | null>;
  /** How often an upload wrote to it. */
  sync_content_revision: Generated<number>;
  /** `review`: an upload of a few fillers, not worth a summary until more arrives. */
  sync_relevance: Generated<string | null>;
  /** What clients see of `audio_files`, written with them. */
  audio_files: ColumnType<AudioFileView[], string | undefined, string>;
  /** Written by SQL only; never selected by name. */
  search: ColumnType<string | null, null | undefined, null>;
  created_at: Time;
  updated_at: Time;
  started_at: Time;
  finished_at: Time;
  deleted_at: NullableTime;
}

export interface SegmentsTable {
  user_id: string;
  conversation_id: string;
  id: string;
  start_s: number;
  end_s: number;
  text: string;
  body: Json<Record<string, unknown>>;
  /** The piece of an upload it was said in; null for words that were heard live. */
  piece_id: Generated<string | null>;
}

export interface RecordingSessionsTable {
  user_id: string;
  id: string;
  conversation_id: string | null;
  codec: string;
  sample_rate: number;
  layout: string;
  language: string;
  durable_messages: Generated<number>;
  transcribed_messages: Generated<number>;
  /** Only for several channels: messages of each channel before this count have their words. */
  channel_marks: NullableJson<Record<string, number>>;
  /** The client brings the words: durable sound counts as transcribed. */
  words_by_client: Generated<boolean>;
  epoch: Generated<number>;
  lease_until: NullableTime;
  created_at: Time;
  updated_at: Time;
}

export interface AudioChunksTable {
  user_id: string;
  recording_session_id: string;
  first_message: number;
  message_count: number;
  duration_ms: number;
  captured_at: Time;
  conversation_id: string;
  codec: string;
  sample_rate: number;
  layout: string;
  channels: Generated<number>;
  payload: Buffer;
}

export interface JobsTable {
  user_id: string;
  id: string;
  kind: string;
  state: string;
  conversation_id: string | null;
  lane: Generated<string>;
  rank: Generated<number>;
  payload: Json<Record<string, unknown>>;
  result: NullableJson<Record<string, unknown>>;
  progress: NullableJson<Record<string, unknown>>;
  stage: string | null;
  generation: Generated<number>;
  attempts: Generated<number>;
  tries: Generated<number>;
  lost_leases: Generated<number>;
  lease_epoch: Generated<number>;
  lease_owner: string | null;
  lease_until: NullableTime;
  due_at: Time;
  reason_code: string | null;
  failure_class: string | null;
  last_error: string | null;
  created_at: Time;
  updated_at: Time;
  started_at: NullableTime;
  completed_at: NullableTime;
  /** Of its oldest recording; uploads only. */
  captured_at: NullableTime;
  /** A guess, from its bytes. */
  audio_seconds: Generated<number>;
}

export interface MemoriesTable {
  user_id: string;
  id: string;
  conversation_id: string | null;
  content: string;
  category: string;
  tags: Json<string[]>;
  visibility: Generated<string>;
  reviewed: Generated<boolean>;
  user_review: boolean | null;
  edited: Generated<boolean>;
  /** A tombstone without content: the same fact does not come back. */
  deleted_at: NullableTime;
  created_at: Time;
  updated_at: Time;
}

export interface ActionItemsTable {
  user_id: string;
  id: string;
  conversation_id: string | null;
  description: string;
  /** `taskKey` of the description: what makes two tasks the same. */
  task_key: Generated<string>;
  completed: Generated<boolean>;
  /** Written by a person, not drawn from a conversation. */
  manual: Generated<boolean>;
  edited: Generated<boolean>;
  due_at: NullableTime;
  completed_at: NullableTime;
  /** A tombstone without content: the same task does not come back. */
  deleted_at: NullableTime;
  created_at: Time;
  updated_at: Time;
}

export interface UserSettingsTable {
  user_id: string;
  private_cloud_sync: Generated<boolean>;
  webhook_secret: string | null;
  /** What the person speaks; null where nobody said. */
  speech_language: Generated<string | null>;
  updated_at: Time;
}

/** Of the whole server, by its owner. */
export interface ServerSettingsTable {
  name: string;
  value: Json<Record<string, unknown>>;
  updated_at: Time;
}

export interface WebhooksTable {
  user_id: string;
  type: string;
  url: string;
  /** `audio_bytes` only. */
  every_seconds: number | null;
  enabled: boolean;
  /** Why the last message did not arrive; null where it did. */
  last_code: Generated<string | null>;
  /** HTTP status of its answer, if there was one. */
  last_status: Generated<number | null>;
  /** Null before the first message. */
  last_at: NullableTime;
  updated_at: Time;
}

export interface DeliveriesTable {
  user_id: string;
  id: string;
  conversation_id: string;
  type: string;
  outcome: string;
  /** HTTP status of the last answer, if there was one. */
  status: number | null;
  ended_at: Time;
}

export interface AudioFilesTable {
  user_id: string;
  id: string;
  conversation_id: string;
  ordinal: number;
  started_at: Time;
  /** At 16 kHz, filled gaps included. */
  samples: number;
  /** Those of them that were recorded. */
  captured_samples: number;
  bytes: number;
  blob_key: string;
  pcm_state: Generated<string>;
  pcm_used_at: NullableTime;
  created_at: Time;
  /** The job that made it; null where it is from before there were several to a conversation. */
  export_id: Generated<string | null>;
}

export interface PeopleTable {
  user_id: string;
  id: string;
  name: string;
  /** `nameKey` of the name. */
  name_key: string;
  created_at: Time;
  updated_at: Time;
}

export interface SpeechSamplesTable {
  user_id: string;
  /** A function of person and segment. */
  id: string;
  person_id: string;
  conversation_id: string;
  segment_id: string;
  /** At 16 kHz. */
  samples: number;
  bytes: number;
  blob_key: string;
  created_at: Time;
}

export interface PhotosTable {
  user_id: string;
  conversation_id: string;
  id: string;
  content_type: string;
  bytes: Buffer;
  /** Null until somebody tried to describe it; empty where nothing can be said. */
  description: string | null;
  discarded: Generated<boolean>;
  created_at: Time;
  described_at: NullableTime;
}

export interface Schema {
  users: UsersTable;
  tokens: TokensTable;
  account_deletions: AccountDeletionsTable;
  conversations: ConversationsTable;
  segments: SegmentsTable;
  recording_sessions: RecordingSessionsTable;
  audio_chunks: AudioChunksTable;
  jobs: JobsTable;
  sync_turns: SyncTurnsTable;
  service_figures: ServiceFiguresTable;
  service_speed: ServiceSpeedTable;
  upload_files: UploadFilesTable;
  sync_contents: SyncContentsTable;
  server_secrets: ServerSecretsTable;
  server_settings: ServerSettingsTable;
  capture_claims: CaptureClaimsTable;
  resumable_uploads: ResumableUploadsTable;
  sync_pieces: SyncPiecesTable;
  pieces_to_keep: PiecesToKeepTable;
  memories: MemoriesTable;
  action_items: ActionItemsTable;
  user_settings: UserSettingsTable;
  webhooks: WebhooksTable;
  deliveries: DeliveriesTable;
  audio_files: AudioFilesTable;
  people: PeopleTable;
  speech_samples: SpeechSamplesTable;
  photos: PhotosTable;
  fair_use_speech: FairUseSpeechTable;
  fair_use_users: FairUseUsersTable;
  fair_use_events: FairUseEventsTable;
  fair_use_budgets: FairUseBudgetsTable;
}
