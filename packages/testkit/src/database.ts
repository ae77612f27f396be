/**
 * A real PostgreSQL for tests: one embedded server per test file, one fresh and migrated database per call. Everything it
 * makes is removed by `close`, and the server dies with the test process at the latest.
 *
 * A run of many files makes one cluster with one migrated database (`makeClusterTemplate`), and every server of the run starts
 * on a copy of it: initdb and the migrations would be a second of each file.
 */
import { cp, mkdtemp, rm } from "node:fs/promises";
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

/** The template of this run, for the processes that vitest starts. */
const TEMPLATE = "HOLDFAST_TEST_CLUSTER";
const MIGRATED = "migrated";

const launchIn = (folder: string) =>
  startEmbeddedPostgres({ dataDir: folder, runDir: join(folder, "run"), log: silentLog, clock: systemClock });

const openQuietly = (url: string, maxConnections?: number): Db =>
  openDatabase({ url, ...(maxConnections === undefined ? {} : { maxConnections }), onIdleError: () => {} });

/** Makes what servers start on a copy of, from now on and in processes started from now on. Dispose it when all have ended. */
export async function makeClusterTemplate(): Promise<AsyncDisposable> {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-template-"));
  const server = await launchIn(folder);
  await makeMigrated(server.url);
  await server.stop();
  process.env[TEMPLATE] = folder;
  return {
    async [Symbol.asyncDispose]() {
      delete process.env[TEMPLATE];
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function makeMigrated(adminUrl: string): Promise<void> {
  const admin = openQuietly(adminUrl, 1);
  await sql.raw(`create database ${MIGRATED}`).execute(admin);
  await admin.destroy();
  const db = openQuietly(withDatabase(adminUrl, MIGRATED), 1);
  await migrate(db);
  await db.destroy();
}

export async function startTestServer(): Promise<TestServer> {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-test-"));
  const template = process.env[TEMPLATE];
  if (template !== undefined) await cp(join(template, "postgres"), join(folder, "postgres"), { recursive: true });
  const launch = () => launchIn(folder);
  let server = await launch();
  if (template === undefined) await makeMigrated(server.url);
  const admin = openQuietly(server.url, 1);
  let count = 0;
  return {
    async database() {
      count += 1;
      const name = `test_${count}`;
      await sql.raw(`create database ${name} template ${MIGRATED}`).execute(admin);
      const url = withDatabase(server.url, name);
      const db = openQuietly(url);
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
      // Its folder goes next, so it need not write anything down.
      process.kill(server.pid, "SIGQUIT");
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
