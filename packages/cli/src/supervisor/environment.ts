/**
 * Settings of the children: those of the person who started us, and what only the supervisor knows (database, ports,
 * secret). Roles on other machines get the same settings by hand; nothing else passes between the processes.
 */
import type { Config } from "@holdfast/contract";

export interface ChildSettings {
  readonly config: Config;
  readonly env: NodeJS.ProcessEnv;
  readonly dataDir: string;
  readonly databaseUrl: string;
  readonly gatewayPort: number;
  readonly pusherPort: number;
  readonly speechPort: number;
  readonly internalToken: string;
  /** Where Node keeps sources stripped of their types: quicker starts, and 20 MiB less for each process. */
  readonly compileCache: string;
}

export function childEnvironment(settings: ChildSettings): NodeJS.ProcessEnv {
  const { config, env, pusherPort, speechPort } = settings;
  const host = config.HOLDFAST_INTERNAL_HOST === "0.0.0.0" ? "127.0.0.1" : config.HOLDFAST_INTERNAL_HOST;
  return {
    ...env,
    HOLDFAST_DATA: settings.dataDir,
    DATABASE_URL: settings.databaseUrl,
    HOLDFAST_PORT: String(settings.gatewayPort),
    HOLDFAST_PUSHER_PORT: String(pusherPort),
    HOLDFAST_SPEECH_PORT: String(speechPort),
    HOSTED_PUSHER_API_URL: config.HOSTED_PUSHER_API_URL ?? `http://${host}:${pusherPort}`,
    HOLDFAST_SPEECH_URL: config.HOLDFAST_SPEECH_URL ?? `http://${host}:${speechPort}`,
    HOLDFAST_INTERNAL_TOKEN: config.HOLDFAST_INTERNAL_TOKEN ?? settings.internalToken,
    // glibc keeps freed memory of each thread for itself; two arenas are plenty for processes that mostly wait.
    MALLOC_ARENA_MAX: env.MALLOC_ARENA_MAX ?? "2",
    NODE_COMPILE_CACHE: env.NODE_COMPILE_CACHE ?? settings.compileCache,
  };
}
