/** Body of `GET /v1/queue`: everything that is in work on this server, waits, or gave up, as its owner sees it. */
import { z } from "zod";

export const QueueJob = z.object({
  id: z.string(),
  kind: z.string(),
  state: z.enum(["queued", "leased", "blocked", "failed", "dead_letter", "completed", "partial_failure"]),
  /** Null where it is the owner's own. */
  user_id: z.string().nullable(),
  lane: z.enum(["fresh", "backfill"]),
  conversation_id: z.string().nullable(),
  stage: z.string().nullable(),
  /** Why it waits, or gave up; null where it only waits for its turn. */
  reason_code: z.string().nullable(),
  attempts: z.number().int(),
  created_at: z.string(),
  /** Until then it waits, whatever is free; null where that is over. */
  waits_until: z.string().nullable(),
});
export type QueueJob = z.infer<typeof QueueJob>;

const QueueLane = z.object({
  waiting: z.number().int(),
  /** Length of the sound that waits, as far as anybody knows. */
  sound_seconds: z.number().int(),
  oldest_age_seconds: z.number().int(),
  /** Until what came last is done. */
  done_in_seconds: z.number().int(),
});

export const QueueView = z.object({
  fresh: QueueLane,
  backfill: QueueLane,
  /** Sound that all workers together get through in a second; a guess until some were measured. */
  audio_seconds_per_second: z.number(),
  speed_is_measured: z.boolean(),
  /** First what is in work, then what is blocked, then what waits, longest first. */
  jobs: z.array(QueueJob),
  /** Open jobs that are not in the list. */
  more: z.number().int(),
  /** Newest first. */
  gave_up: z.array(QueueJob),
});
export type QueueView = z.infer<typeof QueueView>;
