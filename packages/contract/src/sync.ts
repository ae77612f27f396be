/**
 * Bodies of the offline upload routes, reference offline-sync sections 3.3, 3.4 and 4.4, and of our own upload route for
 * ordinary sound files. The client reads only what is declared here.
 */
import { z } from "zod";
import { CAPTURE_MANIFEST } from "./constants.ts";

/** The five statuses a client may see. `queued` and `processing` are different states (law L3). */
export const SyncJobStatus = z.enum(["queued", "processing", "completed", "partial_failure", "failed"]);
export type SyncJobStatus = z.infer<typeof SyncJobStatus>;

export const SyncAccepted = z.object({
  job_id: z.string(),
  status: z.enum(["queued", "processing", "completed", "failed"]),
  total_files: z.number().int(),
  total_segments: z.number().int(),
  poll_after_ms: z.number().int(),
  lane: z.enum(["fresh", "backfill"]),
});
export type SyncAccepted = z.infer<typeof SyncAccepted>;

export const SyncResult = z.object({
  new_memories: z.array(z.string()),
  updated_memories: z.array(z.string()),
  failed_segments: z.number().int(),
  total_segments: z.number().int(),
  errors: z.array(z.string()),
});
export type SyncResult = z.infer<typeof SyncResult>;

export const SyncJobView = z.object({
  job_id: z.string(),
  status: SyncJobStatus,
  total_segments: z.number().int(),
  processed_segments: z.number().int(),
  successful_segments: z.number().int(),
  failed_segments: z.number().int(),
  lane: z.enum(["fresh", "backfill"]),
  result: SyncResult.optional(),
  error: z.string().optional(),
  reason_code: z.string().optional(),
  retry_after: z.number().int().optional(),
  recording_age_seconds: z.number().int().optional(),
});
export type SyncJobView = z.infer<typeof SyncJobView>;

/** What `POST /v2/sync-capture-manifest` takes, reference offline-sync 7.2. */
export const CaptureManifestRequest = z.object({
  conversation_id: z.string().min(1).max(128),
  files: z
    .array(z.object({ name: z.string().min(1).max(255), sha256: z.string().regex(/^[0-9a-f]{64}$/i) }))
    .min(1)
    .max(CAPTURE_MANIFEST.maxFiles),
});
export type CaptureManifestRequest = z.infer<typeof CaptureManifestRequest>;

/** Where something was recorded, as the header `X-Omi-Conversation-Geolocation` says it. */
export const Geolocation = z.object({
  latitude: z.number().min(-90).max(90),
  longitude: z.number().min(-180).max(180),
  google_place_id: z.string().max(512).nullish(),
  address: z.string().max(1_024).nullish(),
  location_type: z.string().max(128).nullish(),
  captured_at: z.string().max(64).nullish(),
  capture_source: z.enum(["current_position", "last_known_position", "manual", "integration"]).nullish(),
  accuracy: z.number().nullish(),
  altitude: z.number().nullish(),
});
export type Geolocation = z.infer<typeof Geolocation>;

/** A resumable upload as `GET /v2/uploads/{id}` shows it. */
export const ResumableUpload = z.object({
  id: z.string(),
  name: z.string(),
  offset: z.number().int(),
  length: z.number().int(),
  batch: z.string().nullable(),
  batch_files: z.number().int(),
  expires_at: z.string(),
  /** The job that its bytes became part of; null until they are all there, and those of its batch. */
  job: SyncAccepted.nullable(),
});
export type ResumableUpload = z.infer<typeof ResumableUpload>;
