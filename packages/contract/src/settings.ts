/**
 * What people set in the page, as routes of our own say it: webhooks, speech to text, and the language model, which belongs to
 * the owner of the server. Secrets are in none of these, only whether there is one. Times are ISO 8601.
 */
import { z } from "zod";
import { SpeechEngineFacts } from "./account.ts";

export const WebhookSetting = z.object({
  type: z.enum(["memory_created", "realtime_transcript", "audio_bytes", "day_summary"]),
  /** Empty where none is set. */
  url: z.string(),
  /** How much sound one message holds; `audio_bytes` only. */
  every_seconds: z.number().nullable(),
  enabled: z.boolean(),
  /** True where this server never makes what it is about. */
  never_sent: z.boolean(),
  /** What the last message to this address came to; `code` is null where it arrived. */
  last: z.object({ at: z.string(), code: z.string().nullable(), status: z.number().int().nullable() }).nullable(),
});
export type WebhookSetting = z.infer<typeof WebhookSetting>;

export const SpeechEngineSetting = SpeechEngineFacts.extend({
  key: z.string(),
  /** Whether its host answers by HTTP, whatever it says. */
  answers: z.boolean(),
});
export type SpeechEngineSetting = z.infer<typeof SpeechEngineSetting>;

export const SpeechSetting = z.object({
  /** BCP 47, `multi` where it is to be found out, null where nobody said. */
  language: z.string().nullable(),
  /** In the order in which they are asked. */
  engines: z.array(SpeechEngineSetting),
  /** The key of the engine that the owner prefers; null where the order of the configuration holds. */
  preferred: z.string().nullable(),
  may_choose_engine: z.boolean(),
});
export type SpeechSetting = z.infer<typeof SpeechSetting>;

export const LanguageModelSetting = z.object({
  /** Where it is set; what is in the environment goes before what is stored. */
  origin: z.enum(["environment", "stored", "none"]),
  /** Of one in the environment only the host, since its address may hold a secret. */
  url: z.string(),
  model: z.string(),
  has_key: z.boolean(),
});
export type LanguageModelSetting = z.infer<typeof LanguageModelSetting>;

/** A question that was asked of the language model to see what comes back. */
export const LanguageModelTest = z.discriminatedUnion("outcome", [
  z.object({ outcome: z.literal("answered"), title: z.string(), took_ms: z.number().int() }),
  z.object({
    outcome: z.literal("failed"),
    code: z.enum([
      "llm_unavailable",
      "llm_invalid_answer",
      "llm_refused_key",
      "llm_refused",
      "llm_timeout",
      "llm_not_configured",
    ]),
    /** What the server of the model answered, or the system said. */
    detail: z.string(),
    took_ms: z.number().int(),
  }),
]);
export type LanguageModelTest = z.infer<typeof LanguageModelTest>;
