/** Where clients find the server: a Unix socket in a private folder, never TCP. */
import { realpathSync } from "node:fs";
import { join } from "node:path";
import { livePostmaster } from "./postmaster.ts";

/** The role that owns everything; peer authentication lets in only the user that runs Holdfast. */
export const DATABASE_USER = "holdfast";
const DATABASE = "postgres";

export interface RunningPostgres {
  readonly url: string;
  readonly pid: number;
}

/** Connection string for `pg` and libpq alike; `localhost` only keeps it a valid URL, `host` is what counts. */
export function connectionUrl(socketFolder: string): string {
  return `postgresql://${DATABASE_USER}@localhost/${DATABASE}?host=${encodeURIComponent(socketFolder)}`;
}

/** The folder of the cluster inside a data folder of Holdfast. */
export function clusterFolder(dataDir: string): string {
  return join(dataDir, "postgres");
}

/** The embedded server that already runs on this data folder, for commands beside a running `serve`. */
export function findRunningPostgres(dataDir: string): RunningPostgres | undefined {
  try {
    const server = livePostmaster(clusterFolder(realpathSync(dataDir)));
    if (server === undefined || !server.ready) return undefined;
    return { url: connectionUrl(server.socketFolder), pid: server.pid };
  } catch {
    return undefined;
  }
}
