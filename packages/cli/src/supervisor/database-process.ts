/** The embedded PostgreSQL as a child under supervision. Its address stays the same over restarts. */
import type { Clock, Log } from "@holdfast/core";
import { startEmbeddedPostgres } from "@holdfast/store/embedded";
import type { Life } from "./supervised.ts";

export interface DatabaseLife extends Life {
  readonly url: string;
}

export interface DatabaseProcessOptions {
  readonly dataDir: string;
  readonly runDir: string;
  readonly clock: Clock;
  readonly log: Log;
}

export async function startDatabase(
  options: DatabaseProcessOptions,
  onPid: (pid: number) => void,
  signal: AbortSignal,
): Promise<DatabaseLife> {
  const server = await startEmbeddedPostgres({ ...options, signal });
  onPid(server.pid);
  return {
    url: server.url,
    pid: server.pid,
    died: new Promise((resolve) => server.onExit((code) => resolve(code === null ? "killed" : `exit code ${code}`))),
    end: () => server.stop(),
  };
}
