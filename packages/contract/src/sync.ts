/**
 * Bodies of the offline upload routes, reference offline-sync sections 3.3, 3.4 and 4.4, and of our own upload route for
 * ordinary sound files. The client reads only what is declared here.
 */
import { z } from "zod";

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
