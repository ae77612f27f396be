/**
 * A transcript segment as clients see and store it, reference listen-and-pusher section 3. `start` and `end` are seconds
 * relative to the conversation's `started_at`; `id` never changes while the segment grows.
 */
import { z } from "zod";

export const SegmentSchema = z.object({
  id: z.string().min(1),
  text: z.string(),
  speaker: z.string().nullable().default("SPEAKER_00"),
  speaker_id: z.number().int().default(0),
  is_user: z.boolean(),
  person_id: z.string().nullable().default(null),
  start: z.number(),
  end: z.number(),
  translations: z.array(z.object({ lang: z.string(), text: z.string() })).default([]),
  speech_profile_processed: z.boolean().default(true),
  stt_provider: z.string().nullable().default(null),
  /** Who said whose voice this is: a person (`manual`, never overwritten by a machine), a match, or an earlier session. */
  speaker_label_source: z.enum(["manual", "auto", "carried"]).nullable().optional(),
});
export type Segment = z.infer<typeof SegmentSchema>;

/** The number after the first `_` of a speaker label; 0 where there is none. */
export function speakerNumber(speaker: string | null): number {
  const digits = /^[^_]*_(\d{1,6})$/.exec(speaker ?? "")?.[1];
  return digits === undefined ? 0 : Number(digits);
}
