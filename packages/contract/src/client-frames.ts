/**
 * Text frames that a client sends on the live socket, reference listen-and-pusher 2.7. A frame is a JSON object with a
 * `type`. Parsing never throws and a recording never ends over a frame it does not know: what is not JSON, not an object, of
 * an unknown type, too large or malformed comes back as `ignored` with a reason that can be counted. One exception is the
 * contract's: a malformed `image_chunk` is `invalid`, and its session is closed with 1008.
 *
 * The items of `suggested_transcript` are checked one by one (8.4 I2): a bad one is dropped and counted, the others count.
 */
import { z } from "zod";

export const CLIENT_FRAME_LIMITS = {
  /** Segments brought by one frame; what comes behind is dropped and counted. */
  segments: 5_000,
  /** Segments named by one frame. */
  segmentIds: 1_000,
  /** Characters of one segment's text. */
  text: 10_000,
  id: 200,
  name: 200,
  /** Seconds after the beginning of the stream: a month. */
  seconds: 2_678_400,
  imageChunks: 4_096,
} as const;

const LIMITS = CLIENT_FRAME_LIMITS;

/** PostgreSQL cannot hold NUL, and half a surrogate pair is not text. */
const cleanText = (value: string): string => value.replaceAll("\0", "").toWellFormed();
const Id = z
  .string()
  .min(1)
  .max(LIMITS.id)
  .regex(/^[^\0]*$/u);
const SpeakerId = z.number().int().min(0).max(999_999);

const SpeakerAssigned = z.object({
  speaker_id: SpeakerId,
  /** A person, `user` for the account owner, or nothing to take the assignment back. */
  person_id: z.string().max(LIMITS.id).nullish().transform(emptyToNull),
  person_name: z.string().max(LIMITS.name).nullish().transform(emptyToNull),
  segment_ids: z.array(Id).max(LIMITS.segmentIds).default([]),
});
export type SpeakerAssigned = z.infer<typeof SpeakerAssigned>;

function emptyToNull(value: string | null | undefined): string | null {
  const clean = cleanText(value ?? "");
  return clean === "" ? null : clean;
}

const Seconds = z.number().min(0).max(LIMITS.seconds);

/** A segment as speech recognition of the client's own makes it, reference 2.13. Times are relative to its stream. */
const RawSegment = z
  .object({
    text: z.string().max(LIMITS.text),
    start: Seconds,
    end: Seconds,
    is_user: z.boolean(),
    speaker: z.string().max(LIMITS.name).nullish(),
    speaker_id: SpeakerId.nullish(),
    person_id: z.string().max(LIMITS.id).nullish().transform(emptyToNull),
  })
  .refine((segment) => segment.end >= segment.start)
  .transform((segment) => ({ ...segment, text: cleanText(segment.text) }));
export type RawSegment = z.infer<typeof RawSegment>;

const SuggestedTranscript = z.object({
  segments: z.array(z.unknown()),
  stt_provider: z.string().max(LIMITS.name).nullish().transform(emptyToNull).catch(null),
});

const ImageChunk = z
  .object({
    id: Id,
    index: z.number().int().min(0),
    total: z.number().int().min(1).max(LIMITS.imageChunks),
    data: z.string().min(1),
  })
  .refine((chunk) => chunk.index < chunk.total);
export type ImageChunk = z.infer<typeof ImageChunk>;

export const FINALIZATION_REASONS = [
  "user_stop",
  "finish_and_continue",
  "meeting_started",
  "meeting_ended",
  "max_duration_rotation",
  "crash_recovery",
  "retry",
] as const;
export type FinalizationReason = (typeof FINALIZATION_REASONS)[number];
const FinalizationReasonFrame = z.object({ reason: z.enum(FINALIZATION_REASONS) });

export type IgnoredReason = "not_json" | "not_an_object" | "unknown_type" | "malformed";

export type ClientFrame =
  | ({ readonly type: "speaker_assigned" } & SpeakerAssigned)
  | {
      readonly type: "suggested_transcript";
      readonly segments: readonly RawSegment[];
      readonly sttProvider: string | null;
      /** Items that could not be used. */
      readonly dropped: number;
    }
  | ({ readonly type: "image_chunk" } & ImageChunk)
  | { readonly type: "skip_question" }
  | { readonly type: "start_onboarding" }
  | { readonly type: "finalization_reason"; readonly reason: FinalizationReason }
  | { readonly type: "ignored"; readonly reason: IgnoredReason }
  /** Ends the session: close 1008. */
  | { readonly type: "invalid"; readonly reason: string };

export function parseClientFrame(text: string): ClientFrame {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return ignored("not_json");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return ignored("not_an_object");
  const type: unknown = Reflect.get(value, "type");
  switch (type) {
    case "speaker_assigned":
      return read(SpeakerAssigned, value, (frame) => ({ type, ...frame }));
    case "suggested_transcript":
      return read(SuggestedTranscript, value, suggested);
    case "image_chunk": {
      const chunk = ImageChunk.safeParse(value);
      return chunk.success ? { type, ...chunk.data } : { type: "invalid", reason: "invalid image chunk" };
    }
    case "finalization_reason":
      return read(FinalizationReasonFrame, value, ({ reason }) => ({ type, reason }));
    case "skip_question":
    case "start_onboarding":
      return { type };
    default:
      return ignored("unknown_type");
  }
}

function read<T>(schema: z.ZodType<T>, value: object, make: (frame: T) => ClientFrame): ClientFrame {
  const parsed = schema.safeParse(value);
  return parsed.success ? make(parsed.data) : ignored("malformed");
}

function suggested(frame: z.infer<typeof SuggestedTranscript>): ClientFrame {
  const segments = frame.segments.slice(0, LIMITS.segments).flatMap((item) => {
    const parsed = RawSegment.safeParse(item);
    return parsed.success ? [parsed.data] : [];
  });
  const dropped = frame.segments.length - segments.length;
  return { type: "suggested_transcript", segments, sttProvider: frame.stt_provider, dropped };
}

function ignored(reason: IgnoredReason): ClientFrame {
  return { type: "ignored", reason };
}
