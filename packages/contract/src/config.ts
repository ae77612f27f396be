/**
 * Every setting, from one schema: read from the environment, checked at start, printed by `holdfast doctor`, documented in
 * the README. An invalid setting stops the start with a sentence that names it. Secrets are marked and never printed.
 */
import { z } from "zod";
import { HoldfastError } from "./errors.ts";

const port = (fallback: number): z.ZodDefault<z.ZodCoercedNumber> =>
  z.coerce.number().int().min(0).max(65_535).default(fallback);
const optional = z
  .string()
  .optional()
  .transform((value) => (value === "" ? undefined : value));
const seconds = (fallback: number): z.ZodDefault<z.ZodCoercedNumber> => z.coerce.number().min(0).default(fallback);
const count = (fallback: number): z.ZodDefault<z.ZodCoercedNumber> => z.coerce.number().int().min(0).default(fallback);
const flag = (): z.ZodDefault<z.ZodCodec<z.ZodString, z.ZodBoolean>> => z.stringbool().default(false);
const names = (): z.ZodType<readonly string[], string | undefined> =>
  z
    .string()
    .default("")
    .transform((value) =>
      value
        .split(",")
        .map((name) => name.trim())
        .filter((name) => name !== ""),
    );

export const ConfigSchema = z.object({
  HOLDFAST_PORT: port(8787).describe("port of the gateway: pages, REST and live sockets"),
  HOLDFAST_HOST: z
    .string()
    .default("localhost")
    .describe("address the gateway listens on; 0.0.0.0 for phones on your network"),
  HOLDFAST_DATA: z.string().default("./data").describe("folder of everything that is kept"),
  DATABASE_URL: optional.describe("secret: an external PostgreSQL 15 or newer instead of the embedded one"),
  HOLDFAST_BLOBS: optional.describe("file:<folder> of uploaded recordings; default <data>/blobs"),
  HOLDFAST_STT: z
    .string()
    .default("embedded")
    .describe(
      "embedded, deepgram+wss://host, openai+https://host, or several in order of preference, separated by commas",
    ),
  HOLDFAST_STT_KEY: optional.describe("secret: key of the remote speech engine"),
  HOLDFAST_STT_MODEL: optional.describe("model name sent to the remote speech engine"),
  HOLDFAST_MODEL: z
    .enum(["base", "tiny"])
    .default("base")
    .describe("embedded speech model: base is more exact, tiny is lighter"),
  HOLDFAST_MODEL_IDLE_SECONDS: seconds(300).describe("the speech model is unloaded after this long without work"),
  HOLDFAST_LLM_URL: optional.describe(
    "base URL of an OpenAI-compatible server for summaries, and for fair use; goes before the one of the page",
  ),
  HOLDFAST_LLM_KEY: optional.describe("secret: key of that server"),
  HOLDFAST_LLM_MODEL: z.string().default("gpt-4o-mini").describe("model name sent to that server"),
  HOLDFAST_LLM_TIMEOUT_SECONDS: seconds(60).describe("longest wait for one answer of that server"),
  HOSTED_PUSHER_API_URL: optional.describe("where the gateway finds the pusher; set by `holdfast serve`"),
  HOLDFAST_SPEECH_URL: optional.describe("where gateway and worker find our speech process; set by `holdfast serve`"),
  HOLDFAST_PUSHER_PORT: port(8788).describe(
    "port of the pusher, on loopback unless HOLDFAST_INTERNAL_HOST says otherwise",
  ),
  HOLDFAST_SPEECH_PORT: port(8789).describe("port of the speech process, likewise"),
  HOLDFAST_INTERNAL_HOST: z.string().default("127.0.0.1").describe("address that pusher and speech listen on"),
  HOLDFAST_AUDIO_TIMELINE: flag().describe(
    "ask the pusher to confirm that it keeps sound to its time (audio timeline v2); matters where the pusher is not ours",
  ),
  HOLDFAST_INTERNAL_TOKEN: optional.describe("secret: shared by the processes; `holdfast serve` makes one"),
  HOLDFAST_AUDIO_RETENTION: z
    .enum(["transcribed", "forever"])
    .default("transcribed")
    .describe("keep live audio until it is transcribed, or for good"),
  HOLDFAST_WEBHOOK_ALLOW_PRIVATE: optional.describe(
    "hosts, addresses and ranges (10.0.0.0/8) that webhooks may reach although they are not on the open internet, or all",
  ),
  HOLDFAST_MAX_SESSIONS: count(1_500).describe("live sessions of one gateway; more are refused with 503"),
  HOLDFAST_MAX_SESSIONS_PER_USER: count(20).describe(
    "live sessions of one user on one gateway; more are refused with 429",
  ),
  HOLDFAST_MAX_LOOP_DELAY_MS: count(500).describe(
    "new sessions are refused while the gateway's event loop is later than this",
  ),
  HOLDFAST_MIN_FREE_MB: count(256).describe(
    "new sessions are refused while the disk of the data folder has less room, in MB",
  ),
  HOLDFAST_BACKFILL_MAX_WAIT_HOURS: seconds(48).describe(
    "old recordings are refused with 503 while the queue of uploads needs longer than this; 0 sets no limit",
  ),
  HOLDFAST_FRESH_MAX_WAIT_HOURS: seconds(96).describe(
    "fresh recordings likewise, for the fresh ones alone; never below the limit of old ones",
  ),
  HOLDFAST_MAX_QUEUED_UPLOADS: count(500_000).describe("most uploads that wait; 0 sets no limit"),
  FAIR_USE_ENABLED: flag().describe("limit how much speech a user has transcribed; off by default"),
  FAIR_USE_KILL_SWITCH: flag().describe("true suspends every limit of fair use at once, whatever else is set"),
  FAIR_USE_EXEMPT_UIDS: names().describe("users without limits, with commas between"),
  FAIR_USE_UNLIMITED_UIDS: names().describe("users of the unlimited tier, with commas between"),
  FAIR_USE_DAILY_SPEECH_MS: count(7_200_000).describe("speech in 24 hours above which a user is looked at, in ms"),
  FAIR_USE_3DAY_SPEECH_MS: count(28_800_000).describe("the same for 72 hours"),
  FAIR_USE_WEEKLY_SPEECH_MS: count(36_000_000).describe("the same for 168 hours"),
  FAIR_USE_UNLIMITED_DAILY_SPEECH_MS: count(14_400_000).describe("the 24 hours of the unlimited tier"),
  FAIR_USE_UNLIMITED_3DAY_SPEECH_MS: count(57_600_000).describe("its 72 hours"),
  FAIR_USE_UNLIMITED_WEEKLY_SPEECH_MS: count(72_000_000).describe("its 168 hours"),
  FAIR_USE_RESTRICT_DAILY_DG_MS: count(1_800_000).describe(
    "speech a restricted user has transcribed in a UTC day, in ms; 0 sets no budget",
  ),
  FAIR_USE_CHECK_INTERVAL_SECONDS: count(300).describe("how often a live session compares speech with the limits"),
  MAX_DAILY_AUDIO_HOURS: seconds(30).describe(
    "with fair use, no fresh upload after this much speech in 24 hours, whoever it is; 0 sets no ceiling",
  ),
  ADMIN_KEY: optional.describe(
    "secret: key of the /v1/admin routes (X-Admin-Key), which the token of the owner opens too",
  ),
  HOLDFAST_LOG_LEVEL: z
    .enum(["fatal", "error", "warn", "info", "debug", "trace", "silent"])
    .default("info")
    .describe("log level"),
});

export type Config = z.infer<typeof ConfigSchema>;

/** Reads settings from an environment. Throws HoldfastError `config_invalid` naming every wrong setting. */
export function parseConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const known: Record<string, string> = {};
  for (const key of Object.keys(ConfigSchema.shape)) {
    const value = env[key];
    if (value !== undefined && value !== "") known[key] = value;
  }
  const parsed = ConfigSchema.safeParse(known);
  if (parsed.success) return parsed.data;
  const lines = parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`);
  throw new HoldfastError(`settings are not valid: ${lines.join("; ")}`, {
    code: "config_invalid",
    class: "permanent_input",
  });
}

export interface SettingLine {
  readonly name: string;
  readonly value: string;
  readonly description: string;
  readonly isDefault: boolean;
}

/** All settings for display; secrets show only whether they are set. */
export function describeConfig(config: Config): SettingLine[] {
  const defaults: Record<string, unknown> = ConfigSchema.parse({});
  return Object.entries(ConfigSchema.shape).map(([name, schema]) => {
    const value: unknown = config[name as keyof Config];
    const description = schema.description ?? "";
    const secret = description.startsWith("secret:");
    return {
      name,
      value: value === undefined ? "" : secret ? "(set)" : String(value),
      description,
      isDefault: value === defaults[name],
    };
  });
}
