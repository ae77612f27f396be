/**
 * A connection for a command: DATABASE_URL, else the embedded server of a Holdfast that runs on the data folder, else the
 * embedded server started for the length of the command (under the lock of the folder, like `serve`).
 */
import { mkdirSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { type Config, HoldfastError, messageOf, parseConfig } from "@holdfast/contract";
import { silentLog } from "@holdfast/core";
import { systemClock } from "@holdfast/runtime";
import { asDatabaseError, type Db, openDatabase } from "@holdfast/store";
import { findRunningPostgres, startEmbeddedPostgres } from "@holdfast/store/embedded";
import { EXIT, ExitError } from "./exit-codes.ts";
import { takeDataLock } from "./supervisor/data-lock.ts";

/** Runs `work` and closes what was opened for it. Throws ExitError `database` where the database cannot be reached. */
export async function withDatabase<T>(work: (db: Db, config: Config) => Promise<T>): Promise<T> {
  const config = parseConfig(process.env);
  if (config.DATABASE_URL !== undefined) return await withPool(config.DATABASE_URL, config, work);
  const running = findRunningPostgres(config.HOLDFAST_DATA);
  if (running !== undefined) return await withPool(running.url, config, work);

  mkdirSync(config.HOLDFAST_DATA, { recursive: true, mode: 0o700 });
  const dataDir = realpathSync(config.HOLDFAST_DATA);
  const lock = await takeDataLock(dataDir);
  try {
    const runDir = join(dataDir, "run");
    const server = await startEmbeddedPostgres({ dataDir, runDir, log: silentLog, clock: systemClock });
    try {
      return await withPool(server.url, config, work);
    } finally {
      await server.stop();
    }
  } finally {
    lock.release();
  }
}

/** What is wrong with the database as a sentence; undefined where the error is not about the database itself. */
export function databaseFailure(thrown: unknown): ExitError | undefined {
  const error = asDatabaseError(thrown);
  if (!(error instanceof HoldfastError)) return undefined;
  if (error.code !== "database_unavailable" && error.code !== "migration_failed") return undefined;
  const cause = asDatabaseError(error.cause);
  return new ExitError(cause === undefined ? error.message : `${error.message}: ${messageOf(cause)}`, EXIT.database);
}

async function withPool<T>(url: string, config: Config, work: (db: Db, config: Config) => Promise<T>): Promise<T> {
  const db = openDatabase({ url, maxConnections: 2, onIdleError: () => {} });
  try {
    return await work(db, config);
  } catch (thrown) {
    throw databaseFailure(thrown) ?? thrown;
  } finally {
    await db.destroy();
  }
}
