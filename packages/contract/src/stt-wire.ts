/**
 * The two well-known wire shapes of speech recognition: Deepgram's streaming `/v1/listen` and OpenAI's batch
 * `/v1/audio/transcriptions`. Our speech process serves both, our client speaks both; only the fields used are declared and
 * everything else is passed over. Times are seconds in the stream's own sample clock, not wall time.
 */
import { z } from "zod";

const Word = z.object({
  word: z.string(),
  start: z.number(),
  end: z.number(),
  confidence: z.number().optional(),
  punctuated_word: z.string().optional(),
  speaker: z.number().int().optional(),
});

/**
 * A stretch of the stream. `is_final` closes the stretch [start, start + duration): the engine will not speak of it again,
 * also when the transcript is empty (silence). `speech_final` marks the end of an utterance.
 */
export const StreamResults = z.object({
  type: z.literal("Results"),
  start: z.number(),
  duration: z.number(),
  is_final: z.boolean().default(false),
  speech_final: z.boolean().default(false),
  from_finalize: z.boolean().default(false),
  channel: z.object({
    alternatives: z
      .array(z.object({ transcript: z.string(), confidence: z.number().optional(), words: z.array(Word).optional() }))
      .default([]),
  }),
});
export type StreamResults = z.infer<typeof StreamResults>;

/**
 * Text frames a client sends: keep-alive (every 4 s), flush the utterance, end the stream after its last result. `Context` is
 * known to our speech process only, and counts as the first frame of a stream only: the next `messages` binary frames were
 * told by an earlier stream; they are heard, so that what follows is understood as it would have been, and not told, and the
 * stream's clock begins behind them.
 */
export type StreamControl =
  | { readonly type: "Context"; readonly messages: number }
  | { readonly type: "KeepAlive" }
  | { readonly type: "Finalize" }
  | { readonly type: "CloseStream" };

export const BatchSegment = z.object({
  id: z.number().int().optional(),
  start: z.number(),
  end: z.number(),
  text: z.string(),
});

/** Answer of the batch route with `response_format=verbose_json`. */
export const BatchTranscription = z.object({
  text: z.string(),
  language: z.string().optional(),
  duration: z.number().optional(),
  segments: z.array(BatchSegment).optional(),
});
export type BatchTranscription = z.infer<typeof BatchTranscription>;
