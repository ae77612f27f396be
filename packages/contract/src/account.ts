/**
 * What somebody may know and do about their own access, and what they may know about the server: bodies of `/v1/users/tokens`,
 * `/v1/users/delete-account` and `/v1/server`. Routes of our own. Times are ISO 8601.
 */
import { z } from "zod";

/** Of the server and its packages, which are released together. */
export const VERSION = "0.1.0";

/** A token of the asker. Its text is in none of these. */
export const AccessToken = z.object({
  /** First 16 hex digits of the token's hash. */
  id: z.string(),
  name: z.string(),
  created_at: z.string(),
  /** Within a minute; null where it was never used. */
  last_used_at: z.string().nullable(),
  /** Null where it is good until it is revoked; may be in the past. */
  expires_at: z.string().nullable(),
  /** True of the token that this request came with. */
  current: z.boolean(),
});
export type AccessToken = z.infer<typeof AccessToken>;

/** `token` is shown this once and never again. */
export const NewAccessToken = AccessToken.extend({ token: z.string() });
export type NewAccessToken = z.infer<typeof NewAccessToken>;

export const RevokedAccessToken = z.object({
  status: z.literal("revoked"),
  /** True where the asker has just signed itself out. */
  was_current: z.boolean(),
});
export type RevokedAccessToken = z.infer<typeof RevokedAccessToken>;

export const SpeechEngineFacts = z.object({
  kind: z.enum(["embedded", "deepgram", "openai"]),
  /** Name of the host, with its port where that is not the usual one; null for the embedded engine. */
  host: z.string().nullable(),
  model: z.string().nullable(),
  /** Language codes, or `any`. */
  languages: z.union([z.array(z.string()), z.literal("any")]),
  live: z.boolean(),
  batch: z.boolean(),
});

/** Keys, paths, queries and user names of URLs are never in it. Milliseconds and bytes. */
export const ServerFacts = z.object({
  version: z.string(),
  /** Whether the asker runs this server, and may set what counts for everybody. */
  you_are_owner: z.boolean(),
  /** In order of preference. */
  speech: z.array(SpeechEngineFacts),
  /** Null where summaries are made by what is built in. */
  language_model: z
    .object({
      host: z.string(),
      model: z.string(),
      /** True where the owner set it in the page, false where it is in the environment. */
      stored: z.boolean(),
    })
    .nullable(),
  /** Live audio is kept until it is transcribed, or for good. */
  audio_retention: z.enum(["transcribed", "forever"]),
  fair_use: z.object({
    enabled: z.boolean(),
    /** False where the asker is exempt, or nobody is limited. */
    applies_to_you: z.boolean(),
    /** What of the asker's speech is transcribed in 24, 72 and 168 hours without anybody looking at it. */
    daily_speech_ms: z.number().int(),
    three_day_speech_ms: z.number().int(),
    weekly_speech_ms: z.number().int(),
  }),
  storage: z.object({ kind: z.enum(["directory"]) }),
  uploads: z.object({
    max_file_bytes: z.number().int(),
    max_files: z.number().int(),
    max_open_resumable: z.number().int(),
    max_open_resumable_bytes: z.number().int(),
  }),
  live: z.object({ max_sessions: z.number().int(), max_sessions_per_user: z.number().int() }),
});
export type ServerFacts = z.infer<typeof ServerFacts>;
