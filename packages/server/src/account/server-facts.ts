/**
 * `GET /v1/server`: what this server is and how it is set up, as far as somebody who may sign in may know it. Of URLs only the
 * host is told; keys, user names, paths and queries never leave the process. All but the language model is in the environment.
 */
import { type Config, RESUMABLE, ServerFacts, SYNC, VERSION } from "@holdfast/contract";
import { capsOf, fairUsePolicy, isLimited } from "@holdfast/core";
import { type Db, OWNER_USER_ID } from "@holdfast/store";
import { parseEngines, type SttEngine } from "@holdfast/stt-client";
import type { App, HttpContext } from "../http/context.ts";
import { hostOf, languageModelFacts } from "../settings/language-model.ts";

export function registerServerFacts(app: App, { db, config }: Pick<HttpContext, "db" | "config">): void {
  app.get(
    "/v1/server",
    {
      config: { problem: true },
      schema: { tags: ["server"], summary: "What this server is and how it is set up", response: { 200: ServerFacts } },
    },
    async ({ userId }) => await serverFacts(db, config, userId),
  );
}

/** Throws HoldfastError `config_invalid` where the speech engines cannot be read. */
async function serverFacts(db: Db, config: Config, userId: string): Promise<ServerFacts> {
  const policy = fairUsePolicy(config);
  const caps = capsOf(policy, userId);
  return {
    version: VERSION,
    you_are_owner: userId === OWNER_USER_ID,
    speech: parseEngines(config).map((engine) => engineFacts(engine, config)),
    language_model: await languageModelFacts(db, config),
    audio_retention: config.HOLDFAST_AUDIO_RETENTION,
    fair_use: {
      enabled: policy.enabled,
      applies_to_you: isLimited(policy, userId),
      daily_speech_ms: caps.daily,
      three_day_speech_ms: caps.three_day,
      weekly_speech_ms: caps.weekly,
    },
    storage: { kind: "directory" },
    uploads: {
      max_file_bytes: SYNC.maxPartBytes,
      max_files: SYNC.maxFiles,
      max_open_resumable: RESUMABLE.maxOpen,
      max_open_resumable_bytes: RESUMABLE.maxOpenBytes,
    },
    live: {
      max_sessions: config.HOLDFAST_MAX_SESSIONS,
      max_sessions_per_user: config.HOLDFAST_MAX_SESSIONS_PER_USER,
    },
  };
}

/** The embedded engine is a process of ours: its address says nothing, its model is a setting of its own. */
export function engineFacts(engine: SttEngine, config: Config): ServerFacts["speech"][number] {
  const { languages, live, batch } = engine.capabilities;
  const own = engine.kind === "embedded";
  return {
    kind: engine.kind,
    host: own ? null : hostOf(engine.batchUrl ?? engine.streamUrl ?? ""),
    model: own ? config.HOLDFAST_MODEL : (engine.model ?? null),
    languages: languages === "any" ? languages : [...languages],
    live,
    batch,
  };
}
