/**
 * A real PostgreSQL for tests: one embedded server per test file, one fresh and migrated database per call. Everything it
 * makes is removed by `close`, and the server dies with the test process at the latest.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLog } from "@holdfast/core";
import { systemClock } from "@holdfast/runtime";
import { type Db, migrate, openDatabase, startEmbeddedPostgres } from "@holdfast/store";
import { sql } from "kysely";

export interface TestServer extends AsyncDisposable {
  /** A fresh, migrated database. */
  database(): Promise<TestDatabase>;
  /** Kills the server process with SIGKILL and starts it again on the same data. */
  crash(): Promise<void>;
  /** Ends the server in order (a fast shutdown) and starts it again on the same data. */
  restart(): Promise<void>;
}

export interface TestDatabase extends AsyncDisposable {
  readonly url: string;
  readonly db: Db;
}

export async function startTestServer(): Promise<TestServer> {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-test-"));
  const launch = () =>
    startEmbeddedPostgres({ dataDir: folder, runDir: join(folder, "run"), log: silentLog, clock: systemClock });
  let server = await launch();
  const admin = openDatabase({ url: server.url, maxConnections: 1, onIdleError: () => {} });
  let count = 0;
  return {
    async database() {
      count += 1;
      const name = `test_${count}`;
      await sql.raw(`create database ${name}`).execute(admin);
      const url = withDatabase(server.url, name);
      const db = openDatabase({ url, onIdleError: () => {} });
      await migrate(db);
      return { url, db, [Symbol.asyncDispose]: () => db.destroy() };
    },
    async crash() {
      process.kill(server.pid, "SIGKILL");
      server = await launch();
    },
    async restart() {
      await server.stop();
      server = await launch();
    },
    async [Symbol.asyncDispose]() {
      await admin.destroy();
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The same server, another database. */
function withDatabase(url: string, name: string): string {
  const parsed = new URL(url);
  parsed.pathname = `/${name}`;
  return parsed.toString();
}
